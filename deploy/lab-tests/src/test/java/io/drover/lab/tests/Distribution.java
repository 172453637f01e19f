package io.drover.lab.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The distribution that this build has made, used as it is installed: by its launcher. */
final class Distribution {
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
     * it each start of a JVM takes the emulated host many seconds.
     */
    static Path vmmCache() throws IOException, InterruptedException {
        Path cache = home().resolve("aot/vmm.aot");
        Path jar;
        try (Stream<Path> jars = Files.list(home().resolve("lib"))) {
            jar = jars.filter(file -> file.getFileName().toString().matches("drover-vmm-[0-9].*\\.jar")).findFirst()
                    .orElseThrow();
        }
        if (!Files.exists(cache) || Files.getLastModifiedTime(cache).compareTo(Files.getLastModifiedTime(jar)) < 0) {
            Files.createDirectories(cache.getParent());
            Path log = Files.createTempFile("drover-cache-", ".log");
            Process make = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                    jar.toString(),
                    "io.drover.vmm.client.MakeCache", cache.toString()).redirectErrorStream(true)
                    .redirectOutput(log.toFile()).start();
            if (!make.waitFor(3, TimeUnit.MINUTES) || make.exitValue() != 0) {
                make.destroyForcibly();
                throw new IllegalStateException("the VMM's cache was not made: " + Files.readString(log));
            }
            Files.delete(log);
        }
        return cache;
    }

    static Path launcher() {
        return home().resolve("bin/drover");
    }
}
