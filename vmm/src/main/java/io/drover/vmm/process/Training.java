package io.drover.vmm.process;

import io.drover.vmm.accelerator.Accelerator;
import io.drover.vmm.accelerator.KvmAccelerator;
import io.drover.vmm.client.HostClock;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmListener;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.kvm.Kvm;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.log.Log;
import io.drover.vmm.seccomp.VmmFilter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Goes through what every VMM process does, once for each format of kernels: settings, a machine that boots, prints and powers
 * off, its control socket with a client, its exit file; and loads what devices need once a driver is there, as the training's
 * guests have none. The JVM remembers in its AOT cache what that took. Where there is no KVM,
 * a stand-in takes its place and all but KVM is gone through.
 */
final class Training {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final long MEMORY_BYTES = 4 << 20;
    private static final int DISK_BYTES = 4096;

    private final Log log;
    private final CountDownLatch ended = new CountDownLatch(1);

    private final VmmProcess.StopHook hook;

    private Training(Log log, VmmProcess.StopHook hook) {
        this.log = log;
        this.hook = hook;
    }

    /**
     * Trains.
     *
     * @param hook
     *            what a VMM process has for its termination
     */
    static void run(VmmProcess.StopHook hook) throws IOException {
        Log log = new Log(System.err, "training");
        try {
            // The one that lets programs be started: when it ends, the JVM makes the cache in a process of its own.
            VmmFilter.install(true);
        } catch (SystemCallException e) {
            log.warn("trained without a filter of system calls: " + e.getMessage());
        }
        Path folder = Files.createTempDirectory("drover-train");
        try {
            Path initramfs = Files.write(folder.resolve("initramfs"), TrainingFiles.initramfs());
            Path disk = Files.write(folder.resolve("disk"), new byte[DISK_BYTES]);
            run(folder, TrainingFiles.elf(), Optional.empty(), List.of(), log, hook);
            run(folder, TrainingFiles.bzImage(), Optional.of(initramfs), List.of(VmmDisk.raw(disk, "training")), log,
                    hook);
            migrate(folder, TrainingFiles.elf(), disk, log, hook);
            readNic(folder.resolve("nic.pb"));
            DeviceClasses.load();
        } finally {
            clear(folder);
        }
    }

    /** Settings with a nic, which the machines above cannot have: nothing is opened for it. */
    private static void readNic(Path file) throws IOException {
        new VmmSettings("training", "training", 1, 1, MEMORY_BYTES, file, Optional.empty(), "", file, file, 0, file,
                true)
                .withNics(List.of(VmmNic.tap("tap", "52:54:00:00:00:01", "tap0", 1))).write(file);
        VmmSettings.read(file);
    }

    private static void run(Path folder, byte[] kernel, Optional<Path> initramfs, List<VmmDisk> disks, Log log,
            VmmProcess.StopHook hook) throws IOException {
        Path kernelFile = Files.write(folder.resolve("kernel"), kernel);
        Path file = folder.resolve("vmm.pb");
        settings(folder, kernelFile, initramfs).withDevices(disks, !disks.isEmpty()).write(file);
        new Training(log, hook).runOnce(VmmSettings.read(file));
    }

    private static VmmSettings settings(Path folder, Path kernel, Optional<Path> initramfs) {
        return new VmmSettings("training", "training", 1, 2, MEMORY_BYTES, kernel, initramfs, "console=ttyS0",
                folder.resolve("control"), folder.resolve("console.log"), 0, folder.resolve("exit.pb"), true)
                // As every VM of an agent's has one, and some need the other.
                .withGenerationId(new UUID(1, 2)).withLeaseNeeded();
    }

    private static void migrate(Path folder, byte[] kernel, Path disk, Log log, VmmProcess.StopHook hook)
            throws IOException {
        Path other = Files.createDirectory(folder.resolve("other"));
        try {
            Path kernelFile = Files.write(folder.resolve("kernel"), kernel);
            Path otherDisk = Files.write(other.resolve("disk"), new byte[DISK_BYTES]);
            new MigrationTraining(new Training(log, hook)::open, log, hook).run(
                    settings(folder, kernelFile, Optional.empty()), disk,
                    settings(other, kernelFile, Optional.empty()), otherDisk);
        } finally {
            clear(other);
        }
    }

    /** Removes a folder without folders in it. */
    private static void clear(Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private void runOnce(VmmSettings settings) throws IOException {
        VmmEnd end = VmmProcess.run(settings, this::open, log, stop -> {
            hook.armed(stop);
            Thread.ofPlatform().name("training-client").start(() -> talk(settings, stop));
        });
        if (end.cause() != VmmEnd.Cause.GUEST_POWERED_OFF) {
            throw new IOException("training ended with " + end.cause() + ": " + end.message());
        }
    }

    private Accelerator open() {
        try {
            return KvmAccelerator.open(Kvm.DEVICE);
        } catch (IOException e) {
            log.warn("trained without KVM: " + e.getMessage());
            return new StandInAccelerator();
        }
    }

    private void talk(VmmSettings settings, Runnable stop) {
        try (VmmClient client = VmmClient.connect(settings.controlSocket(), DEADLINE)) {
            client.attachConsole(false, (data, lost) -> log.info("console: " + data.length + " bytes"));
            client.watch(new Listener());
            client.renewLease(settings.epoch(), HostClock.bootNanos() + DEADLINE.toNanos());
            client.consoleInput("x".getBytes(StandardCharsets.US_ASCII));
            client.pause();
            client.powerButton();
            client.resume(settings.epoch());
            if (!ended.await(DEADLINE.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException("the guest did not power off within " + DEADLINE);
            }
        } catch (IOException | VmmRefusedException e) {
            log.warn("training: " + e);
            stop.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stop.run();
        }
    }

    private final class Listener implements VmmListener {
        @Override
        public void changed(VmmStatus status) {
            log.info("status " + status.state());
        }

        @Override
        public void ended(VmmEnd end) {
            ended.countDown();
        }

        @Override
        public void disconnected(IOException cause) {
            ended.countDown();
        }
    }
}
