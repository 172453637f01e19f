package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.drover.proto.vmm.v1.VmmConfig;
import io.drover.vmm.client.VmmBalloon;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmCommand;
import io.drover.vmm.client.VmmConsole;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmListener;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmShare;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.client.VmmVsock;
import io.drover.vmm.client.VmmWatchdog;
import io.drover.vmm.testing.TinyGuest;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One VMM process of a test, with a tiny guest in it, on a class path of nothing but what a VMM process has in production. */
final class VmmRig {
    static final Duration LONG = Duration.ofSeconds(30);
    static final String BANNER = "hello from a tiny guest";
    static final long EPOCH = 7;

    private final Path folder;
    private final List<VmmClient> clients = new ArrayList<>();
    private final ConsoleText console = new ConsoleText();
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private int vcpus = 1;
    private long memoryBytes = 4 << 20;
    private boolean startPaused;
    private boolean incoming;
    private boolean hotPlug;
    private boolean leaseNeeded;
    private List<VmmDisk> disks = List.of();
    private List<VmmNic> nics = List.of();
    private Optional<VmmBalloon> balloon = Optional.empty();
    private boolean memoryDevices;
    private boolean sockets;
    private VmmShare share = VmmShare.PLAIN;
    private Optional<Path> restore = Optional.empty();
    private UUID generationId = new UUID(3, 4);
    private Path kernel;
    private Process process;
    private String lastEvent = "";

    VmmRig(Path folder) throws IOException {
        this.folder = folder;
        this.kernel = Files.write(folder.resolve("kernel"), TinyGuest.withBanner(BANNER).elf());
    }

    VmmRig vcpus(int count) {
        vcpus = count;
        return this;
    }

    VmmRig memoryBytes(long bytes) {
        memoryBytes = bytes;
        return this;
    }

    VmmRig startPaused() {
        startPaused = true;
        return this;
    }

    /** Waits for its guest to come from another. */
    VmmRig incoming() {
        incoming = true;
        return this;
    }

    VmmRig kernel(Path path) {
        kernel = path;
        return this;
    }

    /** With a source of entropy too. */
    VmmRig disks(VmmDisk... all) {
        disks = List.of(all);
        return this;
    }

    VmmRig nics(VmmNic... all) {
        nics = List.of(all);
        return this;
    }

    VmmRig balloon(VmmBalloon wanted) {
        balloon = Optional.of(wanted);
        return this;
    }

    /** With a socket device, and a console with a named port. */
    VmmRig sockets() {
        sockets = true;
        return this;
    }

    /** Goes on from a saved machine. */
    VmmRig restore(Path file) {
        restore = Optional.of(file);
        return this;
    }

    /** With {@link #memoryDevices}. */
    VmmRig generationId(UUID id) {
        generationId = id;
        return this;
    }

    /** Runs only while it holds a lease. */
    VmmRig leaseNeeded() {
        leaseNeeded = true;
        return this;
    }

    /** Devices may come and go. */
    VmmRig hotPlug() {
        hotPlug = true;
        return this;
    }

    /** With a balloon, a watchdog and a generation id. */
    VmmRig memoryDevices() {
        memoryDevices = true;
        return this;
    }

    VmmRig share(VmmShare wanted) {
        share = wanted;
        return this;
    }

    VmmRig start() throws IOException {
        settings().write(folder.resolve("vmm.pb"));
        process = command(folder.resolve("vmm.pb")).toProcessBuilder().redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile()).start();
        return this;
    }

    VmmSettings settings() {
        VmmSettings settings = new VmmSettings("test", "uid", EPOCH, vcpus, memoryBytes, kernel, Optional.empty(), "",
                socket(),
                folder.resolve("console.log"), 0, folder.resolve("exit.pb"), startPaused)
                .withDevices(disks, !disks.isEmpty()).withNics(nics).withShare(share);
        VmmSettings going = restore.isPresent() ? settings.withRestore(restore.get()) : settings;
        VmmSettings coming = incoming ? going.withIncoming() : going;
        VmmSettings leased = leaseNeeded ? coming.withLeaseNeeded() : coming;
        VmmSettings talking = sockets ? leased.withVsock(new VmmVsock(folder.resolve("vsock"), 3))
                .withConsole(new VmmConsole(false, List.of(new VmmConsole.Port("port", folder.resolve("port")))))
                : leased;
        VmmSettings pluggable = hotPlug ? talking.withHotPlug() : talking;
        if (memoryDevices) {
            return pluggable.withBalloon(new VmmBalloon(true, true, Duration.ofSeconds(1), 0))
                    .withWatchdog(VmmWatchdog.RESET).withGenerationId(generationId);
        }
        return balloon.isPresent() ? pluggable.withBalloon(balloon.get()) : pluggable;
    }

    static VmmCommand command(Path settings) {
        return VmmCommand.run(Path.of(System.getProperty("java.home")), classPath(), Optional.empty(), settings);
    }

    /** What a VMM process may use: our classes, the protocol's, and protobuf. */
    static List<Path> classPath() {
        return List.of(whence(Main.class), whence(VmmConfig.class), whence(Message.class));
    }

    private static Path whence(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    Path socket() {
        return folder.resolve("control");
    }

    Path exitFile() {
        return folder.resolve("exit.pb");
    }

    Process process() {
        return process;
    }

    /** A new connection, once the process listens. */
    VmmClient connect() throws IOException {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (true) {
            try {
                VmmClient client = VmmClient.connect(socket(), LONG);
                clients.add(client);
                return client;
            } catch (IOException notYet) {
                assertThat(process.isAlive()).as("process runs: %s", log()).isTrue();
                assertThat(System.nanoTime()).as("deadline; %s", log()).isLessThan(deadline);
                Thread.onSpinWait();
            }
        }
    }

    /** A new connection with the console attached. */
    VmmClient connectToConsole() throws Exception {
        VmmClient client = connect();
        client.attachConsole(false, console);
        return client;
    }

    /** Connected, watched, its console attached, its banner seen. */
    VmmClient connectAndAwaitBanner() throws Exception {
        VmmClient client = connect();
        client.watch(new VmmListener() {
            @Override
            public void changed(VmmStatus status) {
                events.add(status.state().toString());
            }

            @Override
            public void ended(VmmEnd end) {
                events.add(end.cause().toString());
            }

            @Override
            public void disconnected(IOException cause) {
                events.add("disconnected");
            }
        });
        client.attachConsole(false, console);
        awaitConsole(BANNER + "\r\n");
        return client;
    }

    void awaitConsole(String text) throws InterruptedException {
        console.await(text, LONG);
    }

    String console() {
        return console.text();
    }

    /** The next state, or how it ended; a state that comes twice, since it was so already when the watch began, counts once. */
    String nextEvent() throws Exception {
        String event;
        do {
            event = events.poll(LONG.toSeconds(), TimeUnit.SECONDS);
            assertThat(event).as("an event; %s", log()).isNotNull();
            // A client that is quick sees the machine before it runs.
        } while (event.equals(lastEvent) || event.equals("STARTING"));
        lastEvent = event;
        return event;
    }

    /** How the process ended, after it has. */
    VmmEnd awaitEnd() throws Exception {
        assertThat(process.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)).as("process ended; %s", log()).isTrue();
        String log = log();
        VmmEnd end = VmmEnd.read(exitFile()).orElseThrow(() -> new AssertionError("no exit file; " + log));
        assertThat(process.exitValue()).as(log).isEqualTo(end.cause().exitCode());
        return end;
    }

    String log() throws IOException {
        return Files.readString(folder.resolve("log"));
    }

    /** Ends the process, however it is. */
    void close() throws Exception {
        for (VmmClient client : clients) {
            client.close();
        }
        if (process != null) {
            process.destroyForcibly();
            assertThat(process.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
    }
}
