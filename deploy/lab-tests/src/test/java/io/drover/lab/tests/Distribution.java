package io.drover.lab.tests;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The distribution that this build has made, used as it is installed: by its launcher. */
final class Distribution {
    private static final Duration COMMAND = Duration.ofMinutes(10);

    private Distribution() {}

    /** deploy/dist/target/drover, absolute: the same path in an emulated host. */
    static Path home() {
        Path home = Path.of("..", "dist", "target", "drover").toAbsolutePath().normalize();
        if (!Files.isRegularFile(home.resolve("bin/drover"))) {
            throw new IllegalStateException("there is no distribution in " + home
                    + ": the lab's tests run in a build that makes it ('mvn verify', or './drover version' before 'mvn test')");
        }
        return home;
    }

    /**
     * Makes the cache that VMM processes start from, unless the launcher has made it: a build alone has none, and without
     * it each start of a JVM takes the emulated host many seconds. Several processes may ask for it at once.
     */
    static Path vmmCache() throws IOException, InterruptedException {
        Path cache = home().resolve("aot/vmm.aot");
        Path jar;
        try (Stream<Path> jars = Files.list(home().resolve("lib"))) {
            jar = jars.filter(file -> file.getFileName().toString().matches("drover-vmm-[0-9].*\\.jar")).findFirst()
                    .orElseThrow();
        }
        Files.createDirectories(cache.getParent());
        try (FileChannel lock = FileChannel.open(cache.resolveSibling("vmm.lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE); FileLock _ = lock.lock()) {
            if (!isMade(cache, jar)) {
                make(cache, jar);
            }
        }
        return cache;
    }

    private static boolean isMade(Path cache, Path jar) throws IOException {
        return Files.exists(cache) && Files.getLastModifiedTime(cache).compareTo(Files.getLastModifiedTime(jar)) >= 0;
    }

    private static void make(Path cache, Path jar) throws IOException, InterruptedException {
        Path log = Files.createTempFile("drover-cache-", ".log");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                jar.toString(), "io.drover.vmm.client.MakeCache", cache.toString()).redirectErrorStream(true)
                .redirectOutput(log.toFile()).start();
        if (!process.waitFor(3, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IllegalStateException("the VMM's cache was not made: " + Files.readString(log));
        }
        Files.delete(log);
    }

    /** What a command of it prints on this machine. One that fails is an exception with what it complained about. */
    static String run(String... words) throws IOException, InterruptedException {
        return run(Map.of(), words);
    }

    /** As {@link #run(String...)}, with more environment. */
    static String run(Map<String, String> environment, String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(launcher().toString()));
        command.addAll(List.of(words));
        Path output = Files.createTempFile("drover-command-", ".log");
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        boolean ended = process.waitFor(COMMAND.toSeconds(), TimeUnit.SECONDS);
        process.destroyForcibly();
        String printed = Files.readString(output);
        Files.delete(output);
        if (!ended || process.exitValue() != 0) {
            throw new IllegalStateException(String.join(" ", command) + " : "
                    + (ended ? "exit code " + process.exitValue() : "not ended after " + COMMAND) + ": " + printed);
        }
        return printed;
    }

    static Path launcher() {
        return home().resolve("bin/drover");
    }
}
