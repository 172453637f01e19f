package io.drover.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The terminal that this process runs in, in raw mode until closed: each key goes to the host as it is typed. */
final class LocalTerminal implements AutoCloseable {
    private static final Path DEVICE = Path.of("/dev/tty");

    private final String settings;
    private final Thread onExit = Thread.ofPlatform().name("terminal-restore").unstarted(this::restore);

    private LocalTerminal(String settings) {
        this.settings = settings;
        Runtime.getRuntime().addShutdownHook(onExit);
    }

    /**
     * Puts the terminal into raw mode.
     *
     * @throws LabException when there is none
     */
    static LocalTerminal raw() throws IOException, InterruptedException {
        LocalTerminal terminal = new LocalTerminal(stty("-g"));
        stty("raw", "-echo");
        return terminal;
    }

    /** Rows and columns. */
    int[] size() throws IOException, InterruptedException {
        String[] size = stty("size").split(" ", -1);
        return new int[] {Integer.parseInt(size[0]), Integer.parseInt(size[1])};
    }

    private static String stty(String... arguments) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("stty"));
        words.addAll(List.of(arguments));
        Process stty = new ProcessBuilder(words).redirectInput(DEVICE.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(stty.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (stty.waitFor() != 0) {
            throw new LabException("this is no terminal; run single commands with 'drover lab run HOST -- COMMAND'");
        }
        return output;
    }

    private void restore() {
        try {
            stty(settings);
        } catch (IOException e) {
            System.err.println("the terminal is still in raw mode, 'stty sane' mends it: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(onExit);
        } catch (IllegalStateException ignored) {
            // The end of this process has begun, and the hook does the same again.
        }
    }
}
