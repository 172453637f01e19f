package io.drover.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import io.drover.cli.Surroundings.Descriptor;
import io.drover.cli.output.OutputFormat;
import io.drover.cli.output.Style;
import io.drover.cli.output.Yaml;
import java.util.TreeMap;

/** Writes a failure to stderr: three lines for a person, one object for a program. */
public final class FailurePrinter {
    private final Surroundings surroundings;

    public FailurePrinter(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    public void print(Failure failure, OutputFormat format) {
        switch (format) {
            case TABLE, NAME -> surroundings.err().print(text(failure));
            case JSON -> surroundings.err().println(new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create()
                    .toJson(tree(failure)));
            case YAML -> surroundings.err().print(Yaml.of(tree(failure)));
        }
        surroundings.err().flush();
    }

    private String text(Failure failure) {
        Style style = surroundings.style(Descriptor.ERR);
        StringBuilder text = new StringBuilder();
        text.append(style.bad("error:")).append(' ').append(failure.what()).append('\n');
        text.append("  ").append(style.faint("why:")).append("  ").append(failure.why()).append('\n');
        failure.nextStep().ifPresent(
                step -> text.append("  ").append(style.faint("next:")).append(' ').append(step).append('\n'));
        return text.toString();
    }

    private static JsonObject tree(Failure failure) {
        JsonObject error = new JsonObject();
        error.addProperty("reason", failure.reason());
        error.addProperty("exitCode", failure.exitCode().number());
        error.addProperty("what", failure.what());
        error.addProperty("why", failure.why());
        failure.nextStep().ifPresent(step -> error.addProperty("nextStep", step));
        JsonObject metadata = new JsonObject();
        new TreeMap<>(failure.metadata()).forEach(metadata::addProperty);
        error.add("metadata", metadata);
        JsonObject document = new JsonObject();
        document.add("error", error);
        return document;
    }
}
