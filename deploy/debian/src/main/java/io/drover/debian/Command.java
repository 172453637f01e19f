package io.drover.debian;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A program run to its end, with all that it printed. */
record Command(List<String> words, int exitCode, String output, String errors) {
    Command {
        words = List.copyOf(words);
    }

    /**
     * Runs a program with the messages of the C locale and no input.
     *
     * @param folder the folder it runs in
     * @throws PackageException when the program is not installed, or runs longer than {@code limit} (it is killed then)
     */
    static Command run(Path folder, Duration limit, List<String> words) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(words).directory(folder.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new PackageException(words.getFirst()
                    + " cannot be run: images are made from Debian packages, so this needs a Debian system with apt and dpkg",
                    e);
        }
        try {
            CompletableFuture<String> output = readAll(process.getInputStream());
            CompletableFuture<String> errors = readAll(process.getErrorStream());
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new PackageException(
                        "'" + String.join(" ", words) + "' was still running after " + limit.toSeconds() + " s");
            }
            return new Command(words, process.exitValue(), output.join(), errors.join());
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static CompletableFuture<String> readAll(InputStream stream) {
        CompletableFuture<String> text = new CompletableFuture<>();
        Thread.ofVirtual().name("command-output").start(() -> {
            try (stream) {
                text.complete(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                text.completeExceptionally(new UncheckedIOException(e));
            }
        });
        return text;
    }

    boolean succeeded() {
        return exitCode == 0;
    }

    /** The command with what it complained about, for an error message. */
    String complaint() {
        String said = errors.isBlank() ? output.strip() : errors.strip();
        return "'" + String.join(" ", words) + "' ended with " + exitCode + (said.isEmpty() ? "" : ": " + said);
    }
}
