package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.client.MigrationDoor;
import io.drover.vmm.client.MigrationLink;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmListener;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmMigration.Phase;
import io.drover.vmm.client.VmmSendOptions;
import io.drover.vmm.client.VmmStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One VMM process of a test in which guests move, and what an agent does for it. */
final class MovingVm {
    static final Duration STALL = Duration.ofSeconds(10);
    static final long EPOCH = VmmRig.EPOCH;

    private final VmmRig rig;
    private final Path folder;
    private final BlockingQueue<VmmMigration> migrations = new LinkedBlockingQueue<>();
    private VmmClient client;

    private MovingVm(VmmRig rig, Path folder) {
        this.rig = rig;
        this.folder = folder;
    }

    /** Started, and watched. */
    static MovingVm start(VmmRig rig, Path folder) throws Exception {
        MovingVm vm = new MovingVm(rig.start(), folder);
        vm.client = rig.connect();
        vm.client.watch(new VmmListener() {
            @Override
            public void changed(VmmStatus status) {
                // Asked for where it matters.
            }

            @Override
            public void migrating(VmmMigration migration) {
                vm.migrations.add(migration);
            }

            @Override
            public void ended(VmmEnd end) {
                // The exit file says so.
            }

            @Override
            public void disconnected(IOException cause) {
                // Calls fail.
            }
        });
        return vm;
    }

    VmmClient client() {
        return client;
    }

    VmmRig rig() {
        return rig;
    }

    /** The next time that its migration is in a phase. */
    VmmMigration await(Phase phase) throws Exception {
        while (true) {
            VmmMigration migration = migrations.poll(VmmRig.LONG.toSeconds(), TimeUnit.SECONDS);
            assertThat(migration).as("waiting for %s; %s", phase, rig.log()).isNotNull();
            if (migration.phase() == phase) {
                return migration;
            }
            assertThat(migration.phase()).as("waiting for %s; %s; %s", phase, migration, rig.log())
                    .isNotEqualTo(Phase.FAILED);
        }
    }

    /**
     * Moves the guest of one to another: sent, received, and both stand still.
     *
     * @param mirrored
     *            ids of disks whose content goes with it
     */
    static VmmMigration move(MovingVm source, MovingVm target, List<String> mirrored) throws Exception {
        VmmSendOptions options = VmmSendOptions.DEFAULT.mirroring(mirrored);
        try (MigrationDoor door = target.receive(options.connections(), mirrored)) {
            source.sendTo(door, options);
            source.await(Phase.CONVERGED);
            source.client().switchMigration();
            VmmMigration sent = source.await(Phase.SENT);
            target.await(Phase.RECEIVED);
            return sent;
        }
    }

    /** Has it receive, and opens a door for the sender; the memory is there. */
    MigrationDoor receive(int connections) throws Exception {
        return receive(connections, List.of());
    }

    /** With the content of disks. */
    MigrationDoor receive(int connections, List<String> mirrored) throws Exception {
        client.receiveMigration(folder.resolve("link"), connections, STALL, mirrored);
        await(Phase.WAITING);
        MigrationDoor door = MigrationDoor.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                Optional.empty(), VmmRig.LONG);
        Thread.ofPlatform().name("door").start(() -> {
            try (door; MigrationLink link = door.admit(folder.resolve("link"), connections)) {
                assertThat(link).isNotNull();
            } catch (IOException e) {
                System.err.println("nobody came: " + e.getMessage());
            }
        });
        return door;
    }

    void sendTo(InetSocketAddress target, VmmSendOptions options) throws Exception {
        migrations.clear();
        client.sendMigration(folder.resolve("link"), options);
        MigrationLink.connect(target, folder.resolve("link"), options.connections(), Optional.empty(), VmmRig.LONG)
                .close();
    }

    void sendTo(MigrationDoor door, VmmSendOptions options) throws Exception {
        sendTo(new InetSocketAddress(InetAddress.getLoopbackAddress(), door.port()), options);
    }

    /** The guest's memory, as the process has it. */
    ByteBuffer memory() throws IOException {
        try (FileChannel channel = openMemory()) {
            return read(channel, 0, (int) channel.size());
        }
    }

    /** What it has counted to, or another number in its memory. */
    int peek(long address) throws IOException {
        try (FileChannel channel = openMemory()) {
            return read(channel, address, Integer.BYTES).getInt();
        }
    }

    private FileChannel openMemory() throws IOException {
        try (DirectoryStream<Path> files = Files
                .newDirectoryStream(Path.of("/proc/" + rig.process().pid() + "/fd"))) {
            for (Path file : files) {
                if (Files.isSymbolicLink(file) && Files.readSymbolicLink(file).toString().contains("drover-guest")) {
                    return FileChannel.open(file);
                }
            }
        }
        throw new IOException("the process has no guest memory");
    }

    private static ByteBuffer read(FileChannel channel, long from, int bytes) throws IOException {
        ByteBuffer memory = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (memory.hasRemaining() && channel.read(memory, from + memory.position()) > 0) {
            // To its end.
        }
        return memory.flip();
    }

    /** Whether the guest executes anything: only its memory says so, as a guest that counts has no exits. */
    void assertRuns(long counter) throws IOException {
        int before = peek(counter);
        long until = System.nanoTime() + VmmRig.LONG.toNanos();
        while (peek(counter) == before) {
            assertThat(System.nanoTime()).as("the guest runs on").isLessThan(until);
        }
    }

    void assertStandsStill(long counter) throws Exception {
        assertThat(client.status().state()).isEqualTo(VmmStatus.State.PAUSED);
        int before = peek(counter);
        assertThat(peek(counter)).isEqualTo(before);
    }

    void close() throws Exception {
        rig.close();
    }
}
