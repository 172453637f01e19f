package io.drover.lab;

import io.drover.lab.QemuCommand.NetworkRole;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Emulated hosts on this machine, each a QEMU process with a software CPU in which a Debian kernel has a real /dev/kvm.
 * They share this machine's file system: what a host writes stays in its memory.
 *
 * <p>The hosts of a lab live on when the process that started them ends; a state folder tells any later process of the
 * same user about them. All is gone after {@link #down}.
 */
public final class Lab {
    private static final Duration SOCKETS = Duration.ofSeconds(20);

    private final Path state;
    private final Path cache;
    private final Consumer<String> progress;

    /**
     * @param state    the state folder; made when it is missing
     * @param cache    where Debian packages are kept, see {@link io.drover.debian.DebianPackages}
     * @param progress told in a few words what happens
     */
    public Lab(Path state, Path cache, Consumer<String> progress) {
        this.state = state.toAbsolutePath().normalize();
        this.cache = cache;
        this.progress = progress;
    }

    /** {@code $XDG_STATE_HOME/drover/lab}, by default under {@code ~/.local/state}. */
    public static Path defaultState() {
        String configured = System.getenv("XDG_STATE_HOME");
        Path home = configured == null || configured.isBlank()
                ? Path.of(System.getProperty("user.home"), ".local", "state")
                : Path.of(configured);
        return home.resolve("drover").resolve("lab");
    }

    /** The hosts that run, by name. */
    public List<LabHost> hosts() throws IOException {
        List<LabHost> running = new ArrayList<>();
        for (LabHost host : recorded()) {
            if (host.isRunning()) {
                running.add(host);
            }
        }
        return running;
    }

    /**
     * Finds a host that runs.
     *
     * @throws LabException when there is none of this name; the message names those that run
     */
    public LabHost host(String name) throws IOException {
        List<LabHost> running = hosts();
        return running.stream().filter(host -> host.name().equals(name)).findFirst().orElseThrow(() -> new LabException(
                running.isEmpty() ? "no emulated host runs; start some with 'drover lab up'"
                        : "no emulated host " + name + " runs (running: "
                                + String.join(", ", running.stream().map(LabHost::name).toList()) + ")"));
    }

    private List<LabHost> recorded() throws IOException {
        if (!Files.isDirectory(state)) {
            return List.of();
        }
        List<LabHost> hosts = new ArrayList<>();
        try (Stream<Path> folders = Files.list(state)) {
            for (Path folder : (Iterable<Path>) folders.filter(Files::isDirectory).sorted()::iterator) {
                Optional<LabHost> host = LabHost.load(new HostFolder(folder));
                host.ifPresent(hosts::add);
            }
        }
        return hosts;
    }

    /**
     * Starts hosts and waits until each runs commands. All or none: when one fails, or this process is told to end
     * meanwhile, those that were started are ended.
     *
     * @param limit for each host, from the start of its QEMU
     * @return the hosts, in the order of the specs
     * @throws LabException when something is missing, a lab runs already, or a host does not start
     */
    public List<LabHost> up(List<HostSpec> specs, Duration limit) throws IOException, InterruptedException {
        if (specs.isEmpty()) {
            throw new IllegalArgumentException("hosts : none (expected: at least one)");
        }
        Requirements.check();
        Files.createDirectories(state);
        try (FileChannel channel = FileChannel.open(state.resolve("lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
                FileLock _ = lock(channel)) {
            forgetEnded();
            HostImage image = HostImage.prepare(cache, progress);
            try (StartingHosts starting = new StartingHosts()) {
                List<HostBoot> boots = start(specs, image, starting);
                List<LabHost> hosts = new ArrayList<>();
                for (int i = 0; i < specs.size(); i++) {
                    String name = specs.get(i).name();
                    hosts.add(boots.get(i).awaitShell(limit, line -> progress.accept(name + ": " + line)));
                }
                starting.keep();
                return hosts;
            }
        }
    }

    private static FileLock lock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return lock;
            }
        } catch (OverlappingFileLockException byThisProcess) {
            throw new LabException("this process is starting or ending the lab already", byThisProcess);
        }
        throw new LabException("another process is starting or ending the lab; wait for it");
    }

    private void forgetEnded() throws IOException {
        for (LabHost host : recorded()) {
            if (host.isRunning()) {
                throw new LabException(
                        "emulated host " + host.name() + " runs already; end the lab with 'drover lab down'");
            }
            host.folder().delete();
        }
        // Folders without a readable record: their QEMU was never started.
        try (Stream<Path> folders = Files.list(state)) {
            for (Path folder : (Iterable<Path>) folders.filter(Files::isDirectory)::iterator) {
                new HostFolder(folder).delete();
            }
        }
    }

    private List<HostBoot> start(List<HostSpec> specs, HostImage image, StartingHosts starting)
            throws IOException, InterruptedException {
        List<Path> sockets = new ArrayList<>();
        for (HostSpec spec : specs.subList(1, specs.size())) {
            sockets.add(state.resolve(specs.getFirst().name()).resolve("net-" + spec.number()));
        }
        List<HostBoot> boots = new ArrayList<>();
        for (int i = 0; i < specs.size(); i++) {
            HostSpec spec = specs.get(i);
            NetworkRole role = i == 0 ? new NetworkRole.Switch(sockets) : new NetworkRole.Member(sockets.get(i - 1));
            progress.accept(
                    spec.name() + ": starting with " + spec.cpus() + " CPUs and " + spec.memoryMebibytes() + " MiB");
            HostBoot boot = starting.start(new HostFolder(state.resolve(spec.name())),
                    folder -> HostBoot.start(spec, folder, image, role));
            boots.add(boot);
            if (i == 0) {
                boot.awaitSockets(sockets, SOCKETS);
            }
        }
        return boots;
    }

    /**
     * Ends exactly the hosts that {@link #up} of this state folder started, and forgets them.
     *
     * @return their names; none when no host ran
     */
    public List<String> down() throws IOException, InterruptedException {
        List<String> ended = new ArrayList<>();
        if (!Files.isDirectory(state)) {
            return ended;
        }
        try (FileChannel channel = FileChannel.open(state.resolve("lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
                FileLock _ = lock(channel)) {
            for (LabHost host : recorded()) {
                if (host.isRunning()) {
                    ended.add(host.name());
                }
                host.end();
            }
            forgetEnded();
        }
        return ended;
    }
}
