package io.drover.vmm.process;

import io.drover.vmm.client.HostClock;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmListener;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmMigration.Phase;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSendOptions;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.PassedFile;
import io.drover.vmm.linux.UnixSocket;
import io.drover.vmm.log.Log;
import io.drover.vmm.process.VmmProcess.AcceleratorSource;
import io.drover.vmm.process.VmmProcess.StopHook;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Goes through what two VMM processes do while a guest moves from one to the other, here both in one. What the second of them
 * does last, the guest stands still for.
 */
final class MigrationTraining {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final int CONNECTIONS = 2;
    private static final String DISK = "training";

    private final AcceleratorSource accelerator;
    private final Log log;
    private final StopHook hook;

    MigrationTraining(AcceleratorSource accelerator, Log log, StopHook hook) {
        this.accelerator = accelerator;
        this.log = log;
        this.hook = hook;
    }

    /**
     * Moves a guest and lets it power off.
     *
     * @param source of settings without a disk
     * @param target the same, with files of its own
     * @param sourceDisk any image; the other is as large
     */
    void run(VmmSettings source, Path sourceDisk, VmmSettings target, Path targetDisk) throws IOException {
        VmmSettings here = source.withDevices(List.of(disk(sourceDisk)), true);
        VmmSettings there = target.withDevices(List.of(disk(targetDisk)), true).withIncoming();
        CompletableFuture<Runnable> stopSource = new CompletableFuture<>();
        Thread sending = Thread.ofPlatform().daemon().name("training-source").start(() -> {
            VmmEnd ended = VmmProcess.run(here, accelerator, log, stopSource::complete);
            log.info("the source has ended: " + ended.cause());
        });
        VmmEnd end = VmmProcess.run(there, accelerator, log, stop -> {
            hook.armed(stop);
            Thread.ofPlatform().daemon().name("training-agents").start(() -> move(here, there, stop));
        });
        CompletableFuture<Void> _ = stopSource.thenAccept(Runnable::run);
        join(sending);
        if (end.cause() != VmmEnd.Cause.GUEST_POWERED_OFF) {
            throw new IOException("training of a migration ended with " + end.cause() + ": " + end.message());
        }
    }

    /** The source's files are still in use until then. */
    private static void join(Thread sending) {
        try {
            sending.join(DEADLINE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static VmmDisk disk(Path file) {
        return new VmmDisk(DISK, new VmmDisk.File(file, VmmDisk.Format.RAW), List.of(), false, DISK,
                VmmDisk.Cache.WRITE_BACK, 0, new VmmDisk.Rate(0, 0));
    }

    /** As the agents of two hosts do it. */
    private void move(VmmSettings source, VmmSettings target, Runnable stop) {
        try (VmmClient from = connect(source.controlSocket()); VmmClient to = connect(target.controlSocket())) {
            Phases sending = new Phases();
            Phases receiving = new Phases();
            from.watch(sending);
            to.watch(receiving);
            Path fromLink = source.controlSocket().resolveSibling("from");
            Path toLink = source.controlSocket().resolveSibling("to");
            to.receiveMigration(toLink, CONNECTIONS, DEADLINE, List.of(DISK));
            receiving.await(Phase.WAITING);
            from.sendMigration(fromLink, VmmSendOptions.DEFAULT.mirroring(List.of(DISK)));
            for (int i = 0; i < CONNECTIONS; i++) {
                List<FileHandle> pair = UnixSocket.pair();
                try (FileHandle one = pair.get(0); FileHandle other = pair.get(1)) {
                    hand(one, fromLink);
                    hand(other, toLink);
                }
            }
            sending.await(Phase.CONVERGED);
            from.switchMigration();
            sending.await(Phase.SENT);
            receiving.await(Phase.RECEIVED);
            to.resume(target.epoch() + 1);
            to.renewLease(target.epoch() + 1, HostClock.bootNanos() + DEADLINE.toNanos());
            receiving.awaitEnd();
        } catch (IOException | VmmRefusedException e) {
            log.warn("training of a migration: " + e);
            stop.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stop.run();
        }
    }

    /** The source's process may have only just begun. */
    private static VmmClient connect(Path socket) throws IOException, InterruptedException {
        long until = System.nanoTime() + DEADLINE.toNanos();
        while (true) {
            try {
                return VmmClient.connect(socket, DEADLINE);
            } catch (IOException e) {
                if (System.nanoTime() - until >= 0) {
                    throw e;
                }
                Thread.sleep(5);
            }
        }
    }

    private static void hand(FileHandle socket, Path link) throws IOException {
        try (FileHandle vmm = UnixSocket.connect(link)) {
            PassedFile.send(vmm, (byte) 's', Optional.of(socket));
        }
    }

    private static final class Phases implements VmmListener {
        private final BlockingQueue<Phase> seen = new LinkedBlockingQueue<>();

        @Override
        public void changed(VmmStatus status) {
            if (status.state() == VmmStatus.State.ENDED) {
                seen.add(Phase.NONE);
            }
        }

        @Override
        public void migrating(VmmMigration migration) {
            seen.add(migration.phase());
        }

        @Override
        public void ended(VmmEnd end) {
            seen.add(Phase.NONE);
        }

        @Override
        public void disconnected(IOException cause) {
            seen.add(Phase.NONE);
        }

        void awaitEnd() throws IOException, InterruptedException {
            await(Phase.NONE);
        }

        void await(Phase wanted) throws IOException, InterruptedException {
            while (true) {
                Phase next = seen.poll(DEADLINE.toNanos(), TimeUnit.NANOSECONDS);
                if (next == wanted) {
                    return;
                }
                if (next == null || next == Phase.FAILED || next == Phase.NONE) {
                    throw new IOException("waited for " + wanted + ", but it is " + next);
                }
            }
        }
    }
}
