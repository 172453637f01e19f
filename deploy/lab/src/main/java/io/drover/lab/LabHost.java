package io.drover.lab;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** An emulated host that has been started. What is known of it is in its folder, so any process of its user can work with it. */
public final class LabHost {
    private static final Duration POLL = Duration.ofMillis(20);

    private final HostFolder folder;
    private final String name;
    private final int number;
    private final int cpus;
    private final int memoryMebibytes;
    private final String token;
    private final SortedMap<Integer, Integer> ports;
    private final ProcessIdentity process;
    private final Duration timeToShell;
    private final Lock connecting = new ReentrantLock();

    LabHost(HostFolder folder, HostSpec spec, String token, SortedMap<Integer, Integer> ports, ProcessIdentity process,
            Duration timeToShell) {
        this(folder, spec.name(), spec.number(), spec.cpus(), spec.memoryMebibytes(), token, ports, process,
                timeToShell);
    }

    private LabHost(HostFolder folder, String name, int number, int cpus, int memoryMebibytes, String token,
            SortedMap<Integer, Integer> ports,
            ProcessIdentity process, Duration timeToShell) {
        this.folder = folder;
        this.name = name;
        this.number = number;
        this.cpus = cpus;
        this.memoryMebibytes = memoryMebibytes;
        this.token = token;
        this.ports = new TreeMap<>(ports);
        this.process = process;
        this.timeToShell = timeToShell;
    }

    /** Held by whoever connects to the command server. */
    Lock connecting() {
        return connecting;
    }

    /** Empty when the folder holds no host that this version understands. */
    static Optional<LabHost> load(HostFolder folder) throws IOException {
        if (!Files.isRegularFile(folder.record())) {
            return Optional.empty();
        }
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(folder.record(), StandardCharsets.UTF_8)) {
            properties.load(reader);
            SortedMap<Integer, Integer> ports = new TreeMap<>();
            for (String key : properties.stringPropertyNames()) {
                if (key.startsWith("port.")) {
                    ports.put(Integer.valueOf(key.substring("port.".length())),
                            Integer.valueOf(properties.getProperty(key)));
                }
            }
            return Optional.of(new LabHost(folder, folder.path().getFileName().toString(),
                    Integer.parseInt(properties.getProperty("number", "")),
                    Integer.parseInt(properties.getProperty("cpus", "")),
                    Integer.parseInt(properties.getProperty("memory-mib", "")),
                    properties.getProperty("token", ""), ports, ProcessIdentity.from(properties),
                    Duration.ofMillis(Long.parseLong(properties.getProperty("millis-to-shell", "")))));
        } catch (IllegalArgumentException damaged) {
            return Optional.empty();
        }
    }

    void store() throws IOException {
        Properties properties = new Properties();
        process.putInto(properties);
        properties.setProperty("number", Integer.toString(number));
        properties.setProperty("cpus", Integer.toString(cpus));
        properties.setProperty("memory-mib", Integer.toString(memoryMebibytes));
        properties.setProperty("token", token);
        properties.setProperty("millis-to-shell", Long.toString(timeToShell.toMillis()));
        ports.forEach((port, local) -> properties.setProperty("port." + port, local.toString()));
        Path half = folder.path().resolve("host.properties.half");
        try (Writer writer = Files.newBufferedWriter(half, StandardCharsets.UTF_8)) {
            properties.store(writer, null);
        }
        Files.move(half, folder.record(), StandardCopyOption.ATOMIC_MOVE);
    }

    public String name() {
        return name;
    }

    /** Its address in the network of the hosts, at which the others reach it, by its name too. */
    public String address() {
        return "10.1.0." + number;
    }

    int number() {
        return number;
    }

    public int cpus() {
        return cpus;
    }

    public int memoryMebibytes() {
        return memoryMebibytes;
    }

    /** From the start of QEMU to the first command that ran; zero while the host boots. */
    public Duration timeToShell() {
        return timeToShell;
    }

    /** What its kernel and init printed. */
    public Path console() {
        return folder.console();
    }

    /** The port on this machine's loopback that leads to a port of the host, if the host was started with it. */
    public OptionalInt localPort(int port) {
        Integer local = ports.get(port);
        return local == null ? OptionalInt.empty() : OptionalInt.of(local);
    }

    /** The host's forwarded ports, each with the port on this machine's loopback that leads to it. */
    public SortedMap<Integer, Integer> forwardedPorts() {
        SortedMap<Integer, Integer> forwarded = new TreeMap<>(ports);
        forwarded.remove(QemuCommand.COMMAND_PORT);
        return forwarded;
    }

    int commandPort() throws LabException {
        return localPort(QemuCommand.COMMAND_PORT).orElseThrow(() -> new LabException("it is only being started"));
    }

    String token() {
        return token;
    }

    long pid() {
        return process.pid();
    }

    boolean isRunning() throws IOException {
        return process.isRunning();
    }

    HostFolder folder() {
        return folder;
    }

    /**
     * Has it wait for one more host in its network.
     *
     * @param other the number of that host, which is new
     * @return the socket on which it waits
     */
    Path openWire(int other, Duration limit) throws IOException, InterruptedException {
        Path socket = folder.wire(other);
        try (Monitor monitor = Monitor.connect(folder.monitor())) {
            monitor.addWire("wire" + other, socket);
        }
        long deadline = System.nanoTime() + limit.toNanos();
        while (!Files.exists(socket)) {
            if (System.nanoTime() > deadline || !isRunning()) {
                throw new LabException("host " + name + " does not let others join its network");
            }
            Thread.sleep(POLL);
        }
        return socket;
    }

    /** Ends QEMU and forgets the host; nothing in it is kept. */
    void end() throws IOException, InterruptedException {
        process.end(Duration.ofSeconds(5));
        folder.delete();
    }

    /**
     * Lets the host forget what it remembers of this machine's files: it takes them for unchanging, so a file that was
     * written again outside may be seen as it was.
     */
    public void refresh() throws IOException, InterruptedException {
        CommandResult result = run(Duration.ofMinutes(1), new ShellScript("sync; echo 3 > /proc/sys/vm/drop_caches"));
        if (!result.succeeded()) {
            throw new LabException("host " + name + " cannot be refreshed: " + result.errors());
        }
    }

    /**
     * Runs a command with these streams and waits for its end. When the waiting thread's process ends, so does the
     * command; what should go on must be put into a session of its own ({@code setsid}) with its streams redirected.
     *
     * @return its exit code
     * @throws LabException when the host is not there or goes away
     */
    public int run(ShellScript script, InputStream in, OutputStream out, OutputStream err)
            throws IOException, InterruptedException {
        try (CommandChannel channel = CommandChannel.start(this, script)) {
            return channel.copy(in, out, err);
        }
    }

    /**
     * Runs a program without input, and ends it when it takes longer than {@code limit}.
     *
     * @throws LabException when it did, with what it printed so far
     */
    public CommandResult run(Duration limit, String... words) throws IOException, InterruptedException {
        return run(limit, ShellScript.of(List.of(words)));
    }

    /** As {@link #run(Duration, String...)}, for more than one program. */
    public CommandResult run(Duration limit, ShellScript script) throws IOException, InterruptedException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        AtomicBoolean late = new AtomicBoolean();
        try (ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().factory());
                CommandChannel channel = CommandChannel.start(this, script)) {
            var alarm = clock.schedule(() -> {
                late.set(true);
                channel.hangUp();
                return null;
            }, limit.toMillis(), TimeUnit.MILLISECONDS);
            try {
                int exitCode = channel.copy(new ByteArrayInputStream(new byte[0]), out, err);
                return new CommandResult(exitCode, out.toString(StandardCharsets.UTF_8),
                        err.toString(StandardCharsets.UTF_8));
            } catch (IOException e) {
                if (late.get()) {
                    throw new LabException("host " + name + " : a command was ended after " + limit.toSeconds() + " s: "
                            + script.text()
                            + "\n" + out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8), e);
                }
                throw e;
            } finally {
                alarm.cancel(false);
            }
        }
    }
}
