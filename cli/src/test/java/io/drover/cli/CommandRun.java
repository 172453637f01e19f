package io.drover.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Runs one command in this JVM and keeps what it wrote. */
public final class CommandRun {
    /** A day after {@link FakeController#THEN}. */
    static final Clock CLOCK = Clock.fixed(Instant.ofEpochSecond(FakeController.THEN.getSeconds() + 86_400),
            ZoneOffset.UTC);

    private final Map<String, String> environment = new HashMap<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private InputStream in = new ByteArrayInputStream(new byte[0]);
    private Set<Surroundings.Descriptor> terminals = Set.of();
    private Clock clock = CLOCK;

    public static CommandRun against(FakeController controller) {
        return new CommandRun().with("DROVER_CONTROLLER", controller.address());
    }

    public CommandRun with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    public CommandRun at(Clock time) {
        clock = time;
        return this;
    }

    CommandRun typing(InputStream input) {
        in = input;
        return this;
    }

    CommandRun onTerminal() {
        terminals = Set.of(Surroundings.Descriptor.OUT, Surroundings.Descriptor.ERR);
        return this;
    }

    /** The exit code. */
    public int run(String... arguments) {
        PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8);
        return new Drover(new Surroundings(in, outStream, errStream, environment, terminals, clock)).run(arguments);
    }

    public String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    public String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
