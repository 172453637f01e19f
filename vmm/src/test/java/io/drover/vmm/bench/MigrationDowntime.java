package io.drover.vmm.bench;

import io.drover.vmm.client.MigrationDoor;
import io.drover.vmm.client.MigrationLink;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmCommand;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmMigration.Downtime;
import io.drover.vmm.client.VmmMigration.Phase;
import io.drover.vmm.client.VmmSendOptions;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.testing.DirtyingGuest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * How long a guest of 16 MiB, which writes to 1 MiB of it all the time, stands still when it moves between two fresh VMM
 * processes, up to when the destination has it loaded: what an operator's first migration is like. Builds take turns.
 *
 * <p>
 * Arguments: how often; then folders, each of a build: vmm.jar, proto.jar, protobuf.jar, and its cache, vmm.aot.
 */
final class MigrationDowntime {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final long GUEST_BYTES = 16L << 20;
    private static final int DIRTY_PAGES = 256;

    private final Path folder = Files.createTempDirectory("downtime");
    private final Path kernel = Files.write(folder.resolve("kernel"), DirtyingGuest.elf(DIRTY_PAGES));
    private int vms;

    private MigrationDowntime() throws IOException {}

    public static void main(String[] arguments) throws Exception {
        int rounds = Integer.parseInt(arguments[0]);
        List<Path> builds = List.of(arguments).subList(1, arguments.length).stream().map(Path::of).toList();
        List<List<Downtime>> measured = new ArrayList<>();
        builds.forEach(build -> measured.add(new ArrayList<>()));
        MigrationDowntime bench = new MigrationDowntime();
        for (int round = 0; round < rounds; round++) {
            for (int build = 0; build < builds.size(); build++) {
                measured.get(build).add(bench.move(builds.get(build)));
            }
        }
        for (int build = 0; build < builds.size(); build++) {
            List<Downtime> sorted = measured.get(build).stream().sorted(Comparator.comparing(Downtime::total)).toList();
            System.out.printf("%s: median %s; best %s; worst %s of %d%n", builds.get(build),
                    text(sorted.get(rounds / 2)), text(sorted.getFirst()), text(sorted.getLast()), rounds);
        }
    }

    private static String text(Downtime downtime) {
        return downtime.total().toMillis() + " ms (pausing " + downtime.pausing().toMillis() + ", last pages "
                + downtime.lastPages().toMillis() + ", saving " + downtime.saving().toMillis() + ", loading "
                + downtime.loading().toMillis() + ")";
    }

    private Downtime move(Path build) throws Exception {
        try (Vm source = new Vm(build, false); Vm target = new Vm(build, true)) {
            target.client.receiveMigration(target.place.resolve("link"), 1, DEADLINE);
            target.await(Phase.WAITING);
            source.client.resume(1);
            try (MigrationDoor door = MigrationDoor.listen(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), Optional.empty(), DEADLINE)) {
                Thread admitting = Thread.ofPlatform().start(() -> {
                    try {
                        door.admit(target.place.resolve("link"), 1).close();
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                });
                VmmSendOptions options = new VmmSendOptions(1, Optional.empty(), Duration.ofSeconds(2),
                        Duration.ofSeconds(2), DEADLINE, true, DEADLINE, DEADLINE);
                source.client.sendMigration(source.place.resolve("link"), options);
                MigrationLink.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), door.port()),
                        source.place.resolve("link"), 1, Optional.empty(), DEADLINE).close();
                admitting.join();
            }
            source.await(Phase.CONVERGED);
            source.client.switchMigration();
            VmmMigration sent = source.await(Phase.SENT);
            target.client.resume(2);
            return sent.downtime().orElseThrow();
        }
    }

    private final class Vm implements AutoCloseable {
        private final Path place = Files.createDirectory(folder.resolve("vm" + vms++));
        private final Process process;
        private final VmmClient client;

        Vm(Path build, boolean incoming) throws IOException {
            Path settings = place.resolve("vmm.pb");
            VmmSettings all = new VmmSettings("moved", "moved", 1, 1, GUEST_BYTES, kernel, Optional.empty(), "",
                    place.resolve("control"), place.resolve("console.log"), 0, place.resolve("exit.pb"), true);
            (incoming ? all.withIncoming() : all).write(settings);
            List<Path> jars = List.of(build.resolve("vmm.jar"), build.resolve("proto.jar"),
                    build.resolve("protobuf.jar"));
            process = VmmCommand.run(Path.of(System.getProperty("java.home")), jars,
                    Optional.of(build.resolve("vmm.aot")), settings).toProcessBuilder().redirectErrorStream(true)
                    .redirectOutput(place.resolve("log").toFile()).start();
            client = connect();
        }

        private VmmClient connect() throws IOException {
            long deadline = System.nanoTime() + DEADLINE.toNanos();
            while (true) {
                try {
                    return VmmClient.connect(place.resolve("control"), DEADLINE);
                } catch (IOException e) {
                    if (System.nanoTime() > deadline || !process.isAlive()) {
                        throw new IOException(Files.readString(place.resolve("log")), e);
                    }
                    LockSupport.parkNanos(2_000_000);
                }
            }
        }

        VmmMigration await(Phase phase) throws Exception {
            while (true) {
                VmmMigration now = client.migration();
                if (now.phase() == phase) {
                    return now;
                }
                if (now.phase() == Phase.FAILED) {
                    throw new IOException(now + Files.readString(place.resolve("log")));
                }
                LockSupport.parkNanos(2_000_000);
            }
        }

        @Override
        public void close() throws IOException {
            client.close();
            process.destroyForcibly().onExit().join();
        }
    }
}
