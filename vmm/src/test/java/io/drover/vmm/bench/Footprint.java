package io.drover.vmm.bench;

import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmCommand;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.testing.TinyGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What a VMM process takes besides its guest's memory, alone and as one of eight, and how long it takes from exec to the first
 * guest instruction. Each VM has 128 MiB and runs the tiny guest until its banner has come through an attached console; memory
 * is looked at 15 s later, when the JVM has given back what its start took. Starts are timed with a disk and a source of entropy
 * too.
 *
 * <p>
 * Arguments: the jars of drover-vmm, drover-proto and protobuf-java; how many starts to time.
 */
final class Footprint {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final Duration SETTLE = Duration.ofSeconds(15);
    private static final long GUEST_BYTES = 128L << 20;
    private static final int DISK_BYTES = 1 << 20;

    private final List<Path> jars;
    private final Path folder;
    private final Path cache;
    private final Path kernel;

    private Footprint(List<Path> jars) throws IOException {
        this.jars = jars;
        this.folder = Files.createTempDirectory("footprint");
        this.cache = folder.resolve("vmm.aot");
        this.kernel = Files.write(folder.resolve("kernel"), TinyGuest.withBanner("measured").elf());
    }

    public static void main(String[] arguments) throws Exception {
        Footprint footprint = new Footprint(
                List.of(Path.of(arguments[0]), Path.of(arguments[1]), Path.of(arguments[2])));
        footprint.train();
        footprint.timeStarts(Integer.parseInt(arguments[3]), false);
        footprint.timeStarts(Integer.parseInt(arguments[3]), true);
        footprint.measure(1);
        footprint.measure(8);
    }

    private void train() throws IOException, InterruptedException {
        Process process = VmmCommand.training(javaHome(), jars, cache).toProcessBuilder()
                .redirectErrorStream(true).redirectOutput(folder.resolve("train.log").toFile()).start();
        if (process.waitFor() != 0) {
            throw new IOException("training failed: " + Files.readString(folder.resolve("train.log")));
        }
        System.out.printf("AOT cache: %d KiB%n", Files.size(cache) >> 10);
    }

    private void timeStarts(int starts, boolean devices) throws Exception {
        List<Long> millis = new ArrayList<>();
        for (int start = 0; start < starts; start++) {
            try (Vm vm = new Vm((devices ? "devices" : "start") + start, devices)) {
                millis.add(vm.status.firstInstruction().orElseThrow().toMillis());
            }
        }
        Collections.sort(millis);
        System.out.printf("exec to first guest instruction%s: median %d ms, best %d, worst %d of %d%n",
                devices ? ", with a disk and entropy" : "", millis.get(starts / 2), millis.getFirst(), millis.getLast(),
                starts);
    }

    private void measure(int count) throws Exception {
        List<Vm> vms = new ArrayList<>();
        try {
            for (int index = 0; index < count; index++) {
                vms.add(new Vm(count + "vms" + index, false));
            }
            LockSupport.parkNanos(SETTLE.toNanos());
            double rss = 0;
            double pss = 0;
            double dirty = 0;
            for (Vm vm : vms) {
                rss += vm.besidesGuest("Rss:");
                pss += vm.besidesGuest("Pss:");
                dirty += vm.besidesGuest("Private_Clean:") + vm.besidesGuest("Private_Dirty:");
            }
            System.out.printf(
                    "%d VM(s), each beyond its guest's memory: RSS %.1f MiB, PSS %.1f MiB, private %.1f MiB%n",
                    count, rss / count / 1024, pss / count / 1024, dirty / count / 1024);
        } finally {
            for (Vm vm : vms) {
                vm.close();
            }
        }
    }

    private static Path javaHome() {
        return Path.of(System.getProperty("java.home"));
    }

    private final class Vm implements AutoCloseable {
        private final Process process;
        private final VmmStatus status;

        Vm(String name, boolean devices) throws Exception {
            Path place = Files.createDirectory(folder.resolve(name));
            Path settings = place.resolve("vmm.pb");
            Path disk = Files.write(place.resolve("disk"), new byte[DISK_BYTES]);
            new VmmSettings(name, name, 1, 1, GUEST_BYTES, kernel, Optional.empty(), "", place.resolve("control"),
                    place.resolve("console.log"), 0, place.resolve("exit.pb"), false)
                    .withDevices(devices ? List.of(VmmDisk.raw(disk, "measured")) : List.of(), devices)
                    .write(settings);
            process = VmmCommand.run(javaHome(), jars, Optional.of(cache), settings).toProcessBuilder()
                    .redirectErrorStream(true).redirectOutput(place.resolve("log").toFile()).start();
            CountDownLatch banner = new CountDownLatch(1);
            try (VmmClient client = connect(place.resolve("control"))) {
                client.attachConsole(false, (data, lost) -> {
                    if (data.length > 0) {
                        banner.countDown();
                    }
                });
                if (!banner.await(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
                    throw new IOException("no banner: " + Files.readString(place.resolve("log")));
                }
                status = client.status();
            }
        }

        private VmmClient connect(Path socket) throws IOException {
            long deadline = System.nanoTime() + DEADLINE.toNanos();
            while (true) {
                try {
                    return VmmClient.connect(socket, DEADLINE);
                } catch (IOException e) {
                    if (System.nanoTime() > deadline || !process.isAlive()) {
                        throw e;
                    }
                    // Spinning would take a CPU from the process that is measured.
                    LockSupport.parkNanos(2_000_000);
                }
            }
        }

        /** KiB of a field of smaps (proc_pid_smaps(5)), all mappings but the guest's memory. */
        long besidesGuest(String field) throws IOException {
            long sum = 0;
            boolean guest = false;
            for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/smaps"))) {
                if (!line.contains("kB") && line.contains("-") && Character.digit(line.charAt(0), 16) >= 0) {
                    guest = line.contains("drover-guest");
                } else if (!guest && line.startsWith(field)) {
                    sum += Long.parseLong(line.substring(field.length(), line.length() - 2).strip());
                }
            }
            return sum;
        }

        @Override
        public void close() {
            process.destroyForcibly().onExit().join();
        }
    }
}
