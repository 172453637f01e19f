package io.drover.cli.option;

import io.drover.cli.Surroundings;
import io.drover.cli.output.OutputFormat;
import io.drover.cli.output.Printer;
import picocli.CommandLine.Option;

/** In which format to answer. */
public final class OutputOptions {
    private final Surroundings surroundings;

    @Option(names = {"-o",
            "--output"}, paramLabel = "FORMAT", defaultValue = "table",
            description = "One of table, json, yaml, name.")
    private OutputFormat format = OutputFormat.TABLE;

    public OutputOptions(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    public OutputFormat format() {
        return format;
    }

    public Printer printer() {
        return new Printer(surroundings, format);
    }
}
