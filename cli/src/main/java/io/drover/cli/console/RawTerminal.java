package io.drover.cli.console;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The terminal on stdin in raw mode: each key goes to the guest as it is, Ctrl-C too. Its old settings come back when this is
 * closed, and when the process is told to end. By stty(1), which every machine with a terminal has.
 */
final class RawTerminal implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 5;

    private final String settings;
    private final Thread hook;

    private RawTerminal(String settings) {
        this.settings = settings;
        this.hook = Thread.ofPlatform().name("restore-terminal").unstarted(this::restore);
    }

    static RawTerminal open() throws Failure, InterruptedException {
        try {
            RawTerminal terminal = new RawTerminal(stty(List.of("-g")).strip());
            Runtime.getRuntime().addShutdownHook(terminal.hook);
            stty(List.of("raw", "-echo"));
            return terminal;
        } catch (IOException e) {
            throw new Failure(ExitCode.ERROR, "the terminal cannot be put into raw mode",
                    String.valueOf(e.getMessage()),
                    "install stty (coreutils), or pipe the input: echo uptime | drover vm console NAME");
        }
    }

    @Override
    public void close() {
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException expected) {
            // The process is going down: the hook restores again what is restored.
        }
    }

    private void restore() {
        try {
            stty(List.of(settings));
        } catch (IOException ignored) {
            // The terminal is gone, and its settings with it.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Runs stty on our stdin. */
    private static String stty(List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("stty"));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).redirectInput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException("stty " + String.join(" ", arguments) + " failed");
        }
        return output;
    }
}
