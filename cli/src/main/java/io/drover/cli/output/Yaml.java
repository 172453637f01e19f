package io.drover.cli.output;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Writes a JSON tree as YAML 1.2 in block style. Strings are plain where every YAML reader takes them for strings, quoted as in
 * JSON (whose strings are YAML's too) elsewhere.
 */
public final class Yaml {
    // Letters first, then nothing that begins a comment or a mapping: never a number, a date or an indicator.
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+(),=%-]+)*");
    // YAML 1.1 readers take these for booleans or null.
    private static final Set<String> WORDS = Set.of("y", "n", "yes", "no", "on", "off", "true", "false", "null");

    private final StringBuilder text = new StringBuilder();

    private Yaml() {}

    /** A document without its `---`, ending with a line end. */
    public static String of(JsonElement tree) {
        Yaml yaml = new Yaml();
        if (isLeaf(tree)) {
            yaml.leaf(tree);
        } else {
            yaml.block(tree, 0, true);
        }
        return yaml.text.toString();
    }

    /** @param inline whether the cursor stands where the first line is to begin, as after "- " */
    private void block(JsonElement tree, int indent, boolean inline) {
        boolean first = inline;
        if (tree instanceof JsonObject object) {
            for (Map.Entry<String, JsonElement> entry : object.entrySet()) {
                margin(indent, first);
                first = false;
                text.append(scalar(entry.getKey())).append(':');
                value(entry.getValue(), indent);
            }
        } else {
            for (JsonElement element : (JsonArray) tree) {
                margin(indent, first);
                first = false;
                text.append('-');
                if (isLeaf(element)) {
                    text.append(' ');
                    leaf(element);
                } else {
                    text.append(' ');
                    block(element, indent + 2, true);
                }
            }
        }
    }

    private void value(JsonElement value, int indent) {
        if (isLeaf(value)) {
            text.append(' ');
            leaf(value);
        } else {
            text.append('\n');
            block(value, indent + 2, false);
        }
    }

    private void margin(int indent, boolean skip) {
        if (!skip) {
            text.append(" ".repeat(indent));
        }
    }

    private void leaf(JsonElement leaf) {
        if (leaf instanceof JsonPrimitive primitive) {
            text.append(primitive.isString() ? scalar(primitive.getAsString()) : primitive.getAsString());
        } else if (leaf instanceof JsonObject) {
            text.append("{}");
        } else if (leaf instanceof JsonArray) {
            text.append("[]");
        } else {
            text.append("null");
        }
        text.append('\n');
    }

    private static boolean isLeaf(JsonElement element) {
        return switch (element) {
            case JsonObject object -> object.isEmpty();
            case JsonArray array -> array.isEmpty();
            default -> true;
        };
    }

    private static String scalar(String value) {
        boolean plain = PLAIN.matcher(value).matches() && !WORDS.contains(value.toLowerCase(Locale.ROOT));
        return plain ? value : Json.compact(new JsonPrimitive(value));
    }
}
