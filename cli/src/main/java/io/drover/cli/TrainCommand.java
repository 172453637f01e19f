package io.drover.cli;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/**
 * Does what most commands do, against a controller that is not there, so that the JVM that makes the AOT cache sees the classes
 * that they need. The launcher runs it after a build.
 */
@Command(name = "__train", hidden = true)
final class TrainCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    TrainCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8);
        Surroundings quiet = new Surroundings(InputStream.nullInputStream(), nowhere, nowhere,
                Map.of("DROVER_CONTROLLER", "127.0.0.1:1"), surroundings.terminals(), surroundings.clock());
        Drover drover = new Drover(quiet);
        drover.run("vm", "list");
        drover.run("vm", "get", "x", "-o", "json");
        drover.run("vm", "create", "x", "--image", "x", "--explain");
        drover.run("host", "list", "-o", "yaml");
        drover.run("__complete", "--", "vm", "");
        return ExitCode.OK.number();
    }
}
