package io.drover.vmm.bench;

import io.drover.vmm.client.HostClock;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmCommand;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.testing.TinyGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * CPU time that the renewal of a lease takes in a VMM process and in its client, which does it as an agent does: one at a time,
 * with pauses between them. The guest is paused, so that nothing else runs.
 *
 * <p>
 * Arguments: the jars of drover-vmm, drover-proto and protobuf-java; how many renewals; milliseconds between two.
 */
final class LeaseCost {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final long LEASE = Duration.ofMinutes(1).toNanos();
    private static final double MICROS_PER_TICK = 10_000;
    private static final int WARM_UP = 200;

    private LeaseCost() {}

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("lease-cost");
        Path kernel = Files.write(folder.resolve("kernel"), TinyGuest.withBanner("measured").elf());
        Path control = folder.resolve("control");
        new VmmSettings("lease", "lease", 1, 1, 16 << 20, kernel, Optional.empty(), "", control,
                folder.resolve("console.log"), 0, folder.resolve("exit.pb"), true).withLeaseNeeded()
                .write(folder.resolve("vmm.pb"));
        Process process = VmmCommand.run(Path.of(System.getProperty("java.home")),
                List.of(Path.of(arguments[0]), Path.of(arguments[1]), Path.of(arguments[2])), Optional.empty(),
                folder.resolve("vmm.pb")).toProcessBuilder().redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile()).start();
        try (VmmClient client = connect(control)) {
            measure(client, process.pid(), Integer.parseInt(arguments[3]), Long.parseLong(arguments[4]));
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static void measure(VmmClient client, long vmm, int renewals, long pauseMillis) throws Exception {
        renew(client, WARM_UP, pauseMillis);
        double vmmBefore = micros(Long.toString(vmm));
        double selfBefore = micros("self");
        long nanos = renew(client, renewals, pauseMillis);
        System.out.printf(
                "a renewal: %.0f us of CPU time in the VMM, %.0f us in the client, %.0f us until its answer%n",
                (micros(Long.toString(vmm)) - vmmBefore) / renewals, (micros("self") - selfBefore) / renewals,
                nanos / 1000.0 / renewals);
    }

    /** Returns how long the answers took, all together. */
    private static long renew(VmmClient client, int renewals, long pauseMillis) throws Exception {
        long nanos = 0;
        for (int renewal = 0; renewal < renewals; renewal++) {
            LockSupport.parkNanos(Duration.ofMillis(pauseMillis).toNanos());
            long begin = System.nanoTime();
            client.renewLease(1, HostClock.bootNanos() + LEASE);
            nanos += System.nanoTime() - begin;
        }
        return nanos;
    }

    /** Of a process, user and system. */
    private static double micros(String process) throws IOException {
        String stat = Files.readString(Path.of("/proc", process, "stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * MICROS_PER_TICK;
    }

    private static VmmClient connect(Path control) throws IOException {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (true) {
            try {
                return VmmClient.connect(control, DEADLINE);
            } catch (IOException notYet) {
                if (System.nanoTime() > deadline) {
                    throw notYet;
                }
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
        }
    }
}
