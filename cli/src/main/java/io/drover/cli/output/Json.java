package io.drover.cli.output;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.ErrorDetailsProto;

/** Messages in protobuf's JSON mapping: the same that the API speaks over HTTP. */
public final class Json {
    private static final JsonFormat.Printer PRINTER = JsonFormat.printer().omittingInsignificantWhitespace()
            // The details of a task's error are Any.
            .usingTypeRegistry(
                    TypeRegistry.newBuilder().add(ErrorDetailsProto.getDescriptor().getMessageTypes()).build());
    private static final Gson PRETTY = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();
    private static final Gson COMPACT = new GsonBuilder().disableHtmlEscaping().create();

    private Json() {}

    public static JsonObject tree(Message message) {
        String text;
        try {
            text = PRINTER.print(message);
        } catch (InvalidProtocolBufferException e) {
            // An Any of a type that we don't know, from a newer server: everything else is still worth showing.
            JsonObject fallback = new JsonObject();
            fallback.addProperty("unprintable", String.valueOf(e.getMessage()));
            return fallback;
        }
        return JsonParser.parseString(text).getAsJsonObject();
    }

    public static String pretty(JsonElement tree) {
        return PRETTY.toJson(tree);
    }

    public static String compact(JsonElement tree) {
        return COMPACT.toJson(tree);
    }
}
