package io.drover.vmm.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Each target over its seeds, which hold what once failed as well, and for a second over random changes of them. The changes are
 * others in each build; an input that fails is in the message, to be made a seed.
 */
class FuzzTargetsTest {
    private static final Duration TIME = Duration.ofMillis(Long.getLong("drover.fuzz.millis", 1000));
    private static final int MAX_BYTES = 2048;

    private interface Target {
        void run(byte[] input) throws Exception;
    }

    @Test
    void registers() throws Exception {
        run("registers", RegistersFuzz::fuzzerTestOneInput);
    }

    @Test
    void virtqueue() throws Exception {
        run("virtqueue", VirtqueueFuzz::fuzzerTestOneInput);
    }

    @Test
    void blockRequests() throws Exception {
        run("block-requests", BlockRequestsFuzz::fuzzerTestOneInput);
    }

    @Test
    void net() throws Exception {
        run("net", NetFuzz::fuzzerTestOneInput);
    }

    @Test
    void balloon() throws Exception {
        run("balloon", BalloonFuzz::fuzzerTestOneInput);
    }

    @Test
    void vsockPackets() throws Exception {
        run("vsock-packets", VsockPacketsFuzz::fuzzerTestOneInput);
    }

    @Test
    void consoleMessages() throws Exception {
        run("console-messages", ConsoleMessagesFuzz::fuzzerTestOneInput);
    }

    @Test
    void watchdog() throws Exception {
        run("watchdog", WatchdogFuzz::fuzzerTestOneInput);
    }

    @Test
    void savedState() throws Exception {
        run("saved-state", SavedStateFuzz::fuzzerTestOneInput);
    }

    @Test
    void migrationStream() throws Exception {
        run("migration-stream", MigrationStreamFuzz::fuzzerTestOneInput);
    }

    private static void run(String name, Target target) throws Exception {
        List<byte[]> seeds = seeds(name);
        assertThat(seeds).as("seeds of %s", name).isNotEmpty();
        for (byte[] seed : seeds) {
            runOne(target, seed);
        }
        Random random = new Random();
        long until = System.nanoTime() + TIME.toNanos();
        while (System.nanoTime() < until) {
            runOne(target, changed(seeds.get(random.nextInt(seeds.size())), random));
        }
    }

    private static void runOne(Target target, byte[] input) {
        try {
            target.run(input);
        } catch (Throwable e) {
            StringBuilder hex = new StringBuilder();
            for (byte each : input) {
                hex.append(Character.forDigit((each >> 4) & 15, 16)).append(Character.forDigit(each & 15, 16));
            }
            throw new AssertionError("fails for the input " + hex, e);
        }
    }

    private static byte[] changed(byte[] seed, Random random) {
        byte[] input = new byte[Math.min(MAX_BYTES, seed.length + random.nextInt(64))];
        random.nextBytes(input);
        System.arraycopy(seed, 0, input, 0, Math.min(seed.length, input.length));
        for (int change = random.nextInt(8); change > 0; change--) {
            input[random.nextInt(input.length)] = (byte) random.nextInt();
        }
        return input;
    }

    private static List<byte[]> seeds(String name) throws Exception {
        URL folder = FuzzTargetsTest.class.getResource(name);
        assertThat(folder).as("folder of seeds %s", name).isNotNull();
        List<byte[]> seeds = new ArrayList<>();
        try (Stream<Path> files = Files.list(path(folder))) {
            for (Path file : files.sorted().toList()) {
                seeds.add(Files.readAllBytes(file));
            }
        }
        return seeds;
    }

    private static Path path(URL folder) throws URISyntaxException {
        return Path.of(folder.toURI());
    }
}
