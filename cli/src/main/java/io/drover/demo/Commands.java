package io.drover.demo;

import io.drover.cli.Drover;
import io.drover.cli.Surroundings;
import io.drover.cli.api.Endpoint;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Runs `drover` commands as the reader would, and shows them with what they answer. */
final class Commands {
    private final Narrator narrator;
    private final Endpoint api;

    Commands(Narrator narrator, Endpoint api) {
        this.narrator = narrator;
        this.api = api;
    }

    /** Returns what the command printed; one that fails fails the demo. */
    String run(String... arguments) throws DemoFailure {
        narrator.detail("$ drover " + Stream.of(arguments).map(word -> word.contains(" ") ? "'" + word + "'" : word)
                .collect(Collectors.joining(" ")));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = new Drover(
                new Surroundings(InputStream.nullInputStream(), new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8), Map.of("DROVER_CONTROLLER", api.toString()),
                        Set.of(),
                        Clock.systemUTC()))
                .run(arguments);
        narrator.detail(err.toString(StandardCharsets.UTF_8));
        narrator.detail(out.toString(StandardCharsets.UTF_8));
        if (code != 0) {
            throw new DemoFailure("drover " + String.join(" ", arguments) + " ended with exit code " + code);
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
