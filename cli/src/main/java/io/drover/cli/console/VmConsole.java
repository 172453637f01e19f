package io.drover.cli.console;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.Surroundings.Descriptor;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "console", description = "Open a VM's serial console. Ctrl-] leaves it.", footer = {"",
        "Without a terminal, stdin is typed and the session ends --timeout after it has, or with --until:",
        "  echo uname -a | drover vm console web-1 --no-scrollback --until Linux"})
public final class VmConsole implements Callable<Integer> {
    private static final Duration FOR_EVER = Duration.ofDays(3_650);
    private static final Duration AFTER_INPUT = Duration.ofSeconds(3);
    private static final int BUFFER = 4_096;

    private final Surroundings surroundings;

    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";
    @Option(names = "--no-scrollback", description = "Show only what the guest prints from now on.")
    private boolean noScrollback;
    @Option(names = "--until", paramLabel = "TEXT", description = "Leave once the guest has printed this.")
    private String until = "";
    @Option(names = "--timeout", paramLabel = "TIME",
            description = "With --until: fail (exit code 6) when it has not come in time. "
                    + "Without, on a pipe: how long to listen after the input has ended (3s).")
    private Optional<Duration> timeout = Optional.empty();

    VmConsole(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        String id = ResourceNames.VM.id(name);
        boolean interactive = surroundings.isTerminal(Descriptor.IN);
        boolean afterInput = until.isEmpty() && !interactive;
        ConsoleSession.Plan plan = new ConsoleSession.Plan(ResourceNames.VM.full(name), noScrollback, until,
                timeout.orElse(afterInput ? AFTER_INPUT : FOR_EVER), afterInput, interactive);
        try (ApiClient api = connection.connect()) {
            ConsoleSession session = new ConsoleSession(api, plan, new StreamScreen(id));
            ConsoleSession.End end;
            if (interactive) {
                notice("console of " + id + "; Ctrl-] leaves", "\n");
                try (RawTerminal _ = RawTerminal.open()) {
                    pump(session);
                    end = session.run();
                }
            } else {
                pump(session);
                end = session.run();
            }
            surroundings.out().flush();
            return ended(end, id, interactive);
        }
    }

    private int ended(ConsoleSession.End end, String id, boolean interactive) throws Failure {
        switch (end) {
            case LEFT -> notice("left the console of " + id, "\n");
            case CLOSED -> notice("the console of " + id + " was closed: the guest has ended", "\n");
            case FOUND -> {
                return ExitCode.OK.number();
            }
            case TIME_OVER -> {
                if (until.isEmpty()) {
                    return ExitCode.OK.number();
                }
                throw missed(id, "it did not within " + timeout.orElse(FOR_EVER).toSeconds() + " s");
            }
        }
        if (end == ConsoleSession.End.CLOSED && !until.isEmpty() && !interactive) {
            throw missed(id, "the guest ended before it did");
        }
        return ExitCode.OK.number();
    }

    private Failure missed(String id, String why) {
        return new Failure(ExitCode.TIMED_OUT, "the guest of " + id + " has not printed: " + until, why,
                "look at all that it printed: drover vm logs " + id, "TIMED_OUT",
                Map.of("resource", ResourceNames.VM.full(id)));
    }

    /** Reads stdin for as long as the process lives: nothing else can end such a read. */
    private void pump(ConsoleSession session) {
        Thread.ofPlatform().daemon(true).name("console-input").start(() -> {
            byte[] buffer = new byte[BUFFER];
            try {
                for (int read = surroundings.in().read(buffer); read >= 0; read = surroundings.in().read(buffer)) {
                    session.typed(Arrays.copyOf(buffer, read));
                }
            } catch (IOException ignored) {
                // The terminal was closed: as good as its end.
            }
            session.inputEnded();
        });
    }

    /** @param lineEnd in raw mode a line feed alone only goes down */
    private void notice(String text, String lineEnd) {
        if (surroundings.isTerminal(Descriptor.ERR)) {
            surroundings.err()
                    .print(lineEnd + surroundings.style(Descriptor.ERR).faint("[drover: " + text + "]") + lineEnd);
            surroundings.err().flush();
        }
    }

    private final class StreamScreen implements ConsoleSession.Screen {
        private final String id;

        StreamScreen(String id) {
            this.id = id;
        }

        @Override
        public void show(byte[] output) {
            surroundings.out().write(output, 0, output.length);
            surroundings.out().flush();
        }

        @Override
        public void notice(String text) {
            VmConsole.this.notice(id + ": " + text, "\r\n");
        }
    }
}
