package io.drover.debian.disk;

import io.drover.debian.PackageException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A program that takes long and says how it gets on. Whoever waits for it may be interrupted: it is then asked to end, given time
 * to clean up after itself, and killed if it does not.
 */
final class BuildProgram {
    private static final int KEPT_LINES = 12;
    private static final long SECONDS_TO_CLEAN_UP = 20;

    private final List<String> words;
    private final Optional<Path> input;
    private final Consumer<String> progress;
    private final Deque<String> last = new ArrayDeque<>();

    BuildProgram(List<String> words, Optional<Path> input, Consumer<String> progress) {
        this.words = List.copyOf(words);
        this.input = input;
        this.progress = progress;
    }

    /** Whether a program can be run by its name. */
    static boolean isInstalled(String program) {
        // Of a user's PATH, Debian leaves out the folders of what is mostly root's; mke2fs is there.
        String path = System.getenv().getOrDefault("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";
        return Stream.of(path.split(":", -1)).filter(folder -> !folder.isEmpty())
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /**
     * Runs it to its end; what it says goes to {@code progress}, line by line.
     *
     * @throws PackageException when it fails, with the last that it said
     */
    void run() throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true)
                .redirectInput(input.orElse(Path.of("/dev/null")).toFile());
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
        builder.environment().merge("PATH", "/usr/sbin:/sbin", (path, more) -> path + ":" + more);
        Process process = builder.start();
        Thread reader = Thread.ofVirtual().name("build-output").start(() -> read(process));
        try {
            int exitCode = process.waitFor();
            reader.join();
            if (exitCode != 0) {
                throw new PackageException(words.getFirst() + " ended with " + exitCode + ": " + lastLines());
            }
        } catch (InterruptedException e) {
            end(process);
            throw e;
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private void read(Process process) {
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                synchronized (last) {
                    if (last.size() == KEPT_LINES) {
                        last.removeFirst();
                    }
                    last.addLast(line);
                }
                progress.accept(line);
            }
        } catch (IOException ignored) {
            // The program was killed: what it said does not matter any more.
        }
    }

    private String lastLines() {
        synchronized (last) {
            return String.join("\n", last);
        }
    }

    private static void end(Process process) {
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
        all.forEach(ProcessHandle::destroy);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS_TO_CLEAN_UP);
        boolean interrupted = false;
        while (process.isAlive() && System.nanoTime() < deadline) {
            try {
                process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
