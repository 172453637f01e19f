package io.drover.lab;

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
    private static final Duration WIRE = Duration.ofSeconds(20);
    private static final Duration NAMES = Duration.ofMinutes(1);

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
                for (HostBoot boot : boots) {
                    hosts.add(shellOf(boot, limit));
                }
                introduce(hosts);
                starting.keep();
                return hosts;
            }
        }
    }

    /**
     * Starts one more host, in the network of those that run, and waits until it runs commands.
     *
     * @param spec  neither its name nor its number is that of one that runs
     * @param limit from the start of its QEMU
     * @throws LabException when no lab runs, or the host does not start; then it is ended
     */
    public LabHost add(HostSpec spec, Duration limit) throws IOException, InterruptedException {
        if (hosts().isEmpty()) {
            throw new LabException("no emulated host runs that another could join; start some with 'drover lab up'");
        }
        try (FileChannel channel = FileChannel.open(state.resolve("lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
                FileLock _ = lock(channel)) {
            List<LabHost> hosts = new ArrayList<>(hosts());
            checkNew(spec, hosts);
            Requirements.check();
            HostImage image = HostImage.prepare(cache, progress);
            try (StartingHosts starting = new StartingHosts()) {
                HostBoot boot = start(spec, Optional.of(hosts.getFirst()), image, starting);
                LabHost added = shellOf(boot, limit);
                hosts.add(added);
                introduce(hosts);
                starting.keep();
                return added;
            }
        }
    }

    private static void checkNew(HostSpec spec, List<LabHost> hosts) throws LabException {
        for (LabHost host : hosts) {
            if (host.name().equals(spec.name()) || host.number() == spec.number()) {
                throw new LabException(
                        "host " + spec.name() + ", number " + spec.number() + " : runs already (running: "
                                + host.name() + ", number " + host.number() + ")");
            }
        }
    }

    private LabHost shellOf(HostBoot boot, Duration limit) throws IOException, InterruptedException {
        return boot.awaitShell(limit, line -> progress.accept(boot.unfinished().name() + ": " + line));
    }

    /** Tells each host the others' names. */
    private static void introduce(List<LabHost> hosts) throws IOException, InterruptedException {
        if (hosts.size() == 1) {
            return;
        }
        StringBuilder names = new StringBuilder("127.0.0.1 localhost\n");
        for (LabHost host : hosts) {
            names.append(host.address()).append(' ').append(host.name()).append('\n');
        }
        for (LabHost host : hosts) {
            CommandResult result = host.run(NAMES, new ShellScript("cat > /etc/hosts << 'END'\n" + names + "END\n"));
            if (!result.succeeded()) {
                throw new LabException("host " + host.name() + " cannot be told the others' names: " + result.errors());
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
        HostBoot first = start(specs.getFirst(), Optional.empty(), image, starting);
        List<HostBoot> boots = new ArrayList<>(List.of(first));
        if (specs.size() > 1) {
            first.awaitMonitor(WIRE);
        }
        for (HostSpec spec : specs.subList(1, specs.size())) {
            boots.add(start(spec, Optional.of(first.unfinished()), image, starting));
        }
        return boots;
    }

    /** @param neighbour in whose network the host is to be; empty: it is the first */
    private HostBoot start(HostSpec spec, Optional<LabHost> neighbour, HostImage image, StartingHosts starting)
            throws IOException, InterruptedException {
        progress.accept(
                spec.name() + ": starting with " + spec.cpus() + " CPUs and " + spec.memoryMebibytes() + " MiB");
        Optional<Path> wire = neighbour.isPresent()
                ? Optional.of(neighbour.get().openWire(spec.number(), WIRE))
                : Optional.empty();
        return starting.start(new HostFolder(state.resolve(spec.name())),
                folder -> HostBoot.start(spec, folder, image, wire));
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
