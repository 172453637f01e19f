package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.client.VmmBalloon;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmEnd.Cause;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmStatus.State;
import io.drover.vmm.disk.image.DiskFormat;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.disk.qcow2.CompressionType;
import io.drover.vmm.disk.qcow2.Qcow2Creation;
import io.drover.vmm.disk.qcow2.QemuImg;
import io.drover.vmm.testing.HostileGuest;
import io.drover.vmm.testing.HostileGuest.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Guests that misuse every device, in VMM processes on this machine's KVM: whatever they do, the process answers, does what it is
 * told, and ends the guest with a reason or lets it go on; what is not the guest's stays as it was.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileGuestTest {
    private static final long ENOUGH_EXITS = 60_000;
    private static final Duration LONG_ENOUGH = Duration.ofSeconds(3);
    /** For an answer on the control socket: a machine that is busy with something else has its say too. */
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final int DISK_BYTES = 4 << 20;
    /** Of the process without the guest's memory: a JVM with its heap, and what it keeps for the guest. */
    private static final long MOST_OWN_BYTES = 300L << 20;
    private static final int MOST_LOG_BYTES = 256 << 10;
    private static final int MOST_FILES = 200;
    private static final int MOST_THREADS = 100;

    @TempDir
    private Path folder;

    private VmmRig rig;
    private Path raw;
    private Path qcow2;
    private Path sentinel;
    private final byte[] sentinelBytes = new byte[4096];

    @BeforeEach
    void prepare() throws IOException {
        CodeGuest.openOrSkip().close();
        rig = new VmmRig(folder);
        raw = Files.write(folder.resolve("disk"), new byte[DISK_BYTES]);
        new Random(1).nextBytes(sentinelBytes);
        sentinel = Files.write(folder.resolve("disk.sentinel"), sentinelBytes);
        qcow2 = folder.resolve("disk.qcow2");
        DiskImage.create(qcow2, new Qcow2Creation(DISK_BYTES, 16, 3, CompressionType.ZLIB, Optional.empty()));
    }

    @AfterEach
    void end() throws Exception {
        if (rig != null) {
            rig.close();
        }
    }

    /** Four seeds, and more for whoever has the time: {@code -Ddrover.soak=100} adds those from 1000 to 1099. */
    static LongStream seeds() {
        return LongStream.concat(LongStream.range(0, 4),
                LongStream.range(1000, 1000L + Integer.getInteger("drover.soak", 0)));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void guestHarmsItselfOnly(long seed) throws Exception {
        List<VmmNic> nics = passtWorks() ? List.of(VmmNic.user("net", "52:54:00:12:34:56", List.of())) : List.of();
        List<Device> devices = nics.isEmpty() ? List.of(Device.BLOCK, Device.BLOCK, Device.ENTROPY, Device.BALLOON)
                : List.of(Device.BLOCK, Device.BLOCK, Device.NETWORK, Device.ENTROPY, Device.BALLOON);
        Path kernel = Files.write(folder.resolve("hostile"), HostileGuest.bzImage(seed, devices));
        rig.balloon(new VmmBalloon(true, true, Duration.ofSeconds(1), 0)).kernel(kernel)
                .memoryBytes(HostileGuest.MEMORY_BYTES).nics(nics.toArray(VmmNic[]::new))
                .disks(VmmDisk.raw(raw, "raw"), new VmmDisk(new VmmDisk.File(qcow2, VmmDisk.Format.QCOW2), List.of(),
                        false, "qcow2", VmmDisk.Cache.WRITE_BACK, 0));
        VmmClient client = rig.start().connectToConsole();
        rig.awaitConsole(HostileGuest.BANNER);
        Random random = new Random(seed);
        long exits = 0;
        long mostBytes = 0;
        long begin = System.nanoTime();
        try {
            while (exits < ENOUGH_EXITS && System.nanoTime() - begin < LONG_ENOUGH.toNanos()
                    && !rig.process().waitFor(20, TimeUnit.MILLISECONDS)) {
                exits = answered(client);
                mostBytes = Math.max(mostBytes, footprint());
                if (random.nextInt(10) == 0) {
                    client.powerButton();
                    client.pause();
                    client.resume(VmmRig.EPOCH);
                }
            }
            exits = answered(client);
            client.pause();
            assertThat(client.status().state()).isEqualTo(State.PAUSED);
            client.resume(VmmRig.EPOCH);
            client.stop();
        } catch (IOException | VmmRefusedException endedMeanwhile) {
            // Which it may. That it was not for a wrong reason is seen below.
            assertThat(rig.process().waitFor(ANSWER.toSeconds(), TimeUnit.SECONDS))
                    .as("seed %s: %s; %s", seed, endedMeanwhile, rig.log()).isTrue();
        }
        VmmEnd end = rig.awaitEnd();
        String what = "seed " + seed + ", " + exits + " exits, ended: " + end + "\n" + rig.log();
        assertThat(mostBytes).as(what).isLessThan(MOST_OWN_BYTES + HostileGuest.MEMORY_BYTES);
        assertThat(rig.log().length()).as(what).isLessThan(MOST_LOG_BYTES);
        assertThat(rig.log()).as(what).doesNotContain("\tat ", "    at ", "Exception");
        // An instruction that KVM cannot emulate ends the guest as well.
        assertThat(end.cause()).as(what).isIn(Cause.KILLED, Cause.GUEST_POWERED_OFF, Cause.GUEST_REBOOTED,
                Cause.GUEST_PANICKED);
        assertThat(Files.readAllBytes(sentinel)).as(what).isEqualTo(sentinelBytes);
        assertThat(Files.size(raw)).as(what).isEqualTo(DISK_BYTES);
        assertDiskCanBeRead(what);
    }

    /** How many exits there have been, said in time. */
    private long answered(VmmClient client) throws IOException, VmmRefusedException {
        long begin = System.nanoTime();
        long exits = client.status().exits();
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).as(rig.log()).isLessThan(ANSWER);
        return exits;
    }

    /** Resident bytes. */
    private long footprint() throws IOException {
        Path process = Path.of("/proc", Long.toString(rig.process().pid()));
        if (!rig.process().isAlive()) {
            return 0;
        }
        try (Stream<Path> files = Files.list(process.resolve("fd"));
                Stream<Path> threads = Files.list(process.resolve("task"))) {
            assertThat(files.count()).isLessThan(MOST_FILES);
            assertThat(threads.count()).isLessThan(MOST_THREADS);
            String pages = Files.readString(process.resolve("statm")).split(" ", -1)[1];
            return Long.parseLong(pages) * 4096;
        }
    }

    private void assertDiskCanBeRead(String what) throws IOException {
        DiskImage.open(List.of(new DiskImage(qcow2, DiskFormat.QCOW2)), false).close();
        if (Files.isExecutable(Path.of("/usr/bin/qemu-img"))) {
            QemuImg.Outcome check = QemuImg.check(qcow2);
            assertThat(check.exitCode()).as("%s%n%s", what, check.output()).isZero();
        }
    }

    static boolean passtWorks() throws IOException {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(bin -> Files.isExecutable(Path.of(bin, "passt")))
                && Files.readString(Path.of("/proc/net/route")).lines()
                        .anyMatch(line -> line.matches("\\S+\\s00000000\\s.*"));
    }
}
