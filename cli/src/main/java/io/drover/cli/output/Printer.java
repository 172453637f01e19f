package io.drover.cli.output;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.protobuf.Message;
import io.drover.cli.Surroundings;
import io.drover.cli.Surroundings.Descriptor;
import java.util.List;

/** Writes resources to stdout in the format that was asked for. */
public final class Printer {
    private final Surroundings surroundings;
    private final OutputFormat format;

    public Printer(Surroundings surroundings, OutputFormat format) {
        this.surroundings = surroundings;
        this.format = format;
    }

    public OutputFormat format() {
        return format;
    }

    /** A list: in a table even its absence is said, on stderr so that a pipe gets nothing. */
    public <T extends Message> void list(Kind<T> kind, List<T> things) {
        switch (format) {
            case TABLE -> {
                if (things.isEmpty()) {
                    surroundings.err().println("no " + kind.collection());
                } else {
                    rows(kind).print(things);
                }
            }
            case JSON -> surroundings.out().println(Json.pretty(tree(kind, things)));
            case YAML -> surroundings.out().print(Yaml.of(tree(kind, things)));
            case NAME -> things.forEach(thing -> surroundings.out().println(kind.name().apply(thing)));
        }
        surroundings.out().flush();
    }

    /** One thing, with all that is known of it. */
    public <T extends Message> void one(Kind<T> kind, T thing) {
        switch (format) {
            case TABLE -> details(kind.details().apply(thing));
            case JSON -> surroundings.out().println(Json.pretty(Json.tree(thing)));
            case YAML -> surroundings.out().print(Yaml.of(Json.tree(thing)));
            case NAME -> surroundings.out().println(kind.name().apply(thing));
        }
        surroundings.out().flush();
    }

    /** What a mutation did: a sentence for people, the thing itself for programs. */
    public <T extends Message> void outcome(Kind<T> kind, T thing, String sentence) {
        if (format == OutputFormat.TABLE) {
            surroundings.out().println(sentence);
            surroundings.out().flush();
        } else {
            one(kind, thing);
        }
    }

    /** One change of a watch: a row, a line of JSON, a YAML document, a name. */
    public <T extends Message> void change(Rows<T> rows, Kind<T> kind, T thing) {
        switch (format) {
            case TABLE -> rows.print(List.of(thing));
            case JSON -> surroundings.out().println(Json.compact(Json.tree(thing)));
            case YAML -> surroundings.out().print("---\n" + Yaml.of(Json.tree(thing)));
            case NAME -> surroundings.out().println(kind.name().apply(thing));
        }
        surroundings.out().flush();
    }

    /** A table of what is no resource. */
    public <T> void table(List<Column<T>> columns, List<T> things) {
        new Rows<>(columns, surroundings.out(), surroundings.style(Descriptor.OUT)).print(things);
    }

    /** A table that may grow. */
    public <T extends Message> Rows<T> rows(Kind<T> kind) {
        return new Rows<>(kind.columns(), surroundings.out(), surroundings.style(Descriptor.OUT));
    }

    private void details(List<Detail> details) {
        Style style = surroundings.style(Descriptor.OUT);
        int widest = details.stream().mapToInt(detail -> detail.label().length()).max().orElse(0);
        for (Detail detail : details) {
            String label = detail.label();
            for (String line : detail.value().lines().toList()) {
                surroundings.out().println(style.faint(label) + " ".repeat(widest + 2 - label.length())
                        + detail.emphasis().apply(style, line));
                label = "";
            }
        }
    }

    private static <T extends Message> JsonObject tree(Kind<T> kind, List<T> things) {
        JsonArray array = new JsonArray(things.size());
        things.forEach(thing -> array.add(Json.tree(thing)));
        JsonObject document = new JsonObject();
        document.add(kind.collection(), array);
        return document;
    }
}
