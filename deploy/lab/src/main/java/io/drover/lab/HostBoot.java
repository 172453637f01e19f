package io.drover.lab;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** One emulated host on its way from nothing to a shell. */
final class HostBoot {
    /** What the host's init says begins so; see the resource {@code rc}. */
    private static final String SAYS = "drover-lab: ";
    private static final String READY = "ready";
    private static final String FAILED = "failed: ";
    private static final Duration POLL = Duration.ofMillis(50);
    private static final Duration FIRST_COMMAND = Duration.ofSeconds(10);
    private static final int CONSOLE_TAIL_BYTES = 2_000;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final HostSpec spec;
    private final HostFolder folder;
    private final String token;
    private final long startNanos;
    private final ProcessIdentity process;

    private HostBoot(HostSpec spec, HostFolder folder, String token, long startNanos, ProcessIdentity process) {
        this.spec = spec;
        this.folder = folder;
        this.token = token;
        this.startNanos = startNanos;
        this.process = process;
    }

    /**
     * Starts QEMU, and records it so that {@code down} can end it whatever happens next.
     *
     * @param wire as {@link LabHost#openWire} of another host made it; empty: this is the network's first host
     */
    static HostBoot start(HostSpec spec, HostFolder folder, HostImage image, Optional<Path> wire) throws IOException {
        byte[] random = new byte[16];
        RANDOM.nextBytes(random);
        String token = HexFormat.of().formatHex(random);
        Files.write(folder.initramfs(), image.initramfs(spec, token));
        // QEMU makes it, but whoever watches may look before.
        Files.write(folder.console(), new byte[0]);
        long startNanos = System.nanoTime();
        Process qemu = new ProcessBuilder(new QemuCommand(spec, folder, image.kernel(), wire).words())
                .redirectInput(Path.of("/dev/null").toFile()).redirectOutput(folder.qemuLog().toFile())
                .redirectErrorStream(true)
                .start();
        ProcessIdentity process;
        try {
            process = ProcessIdentity.of(qemu.toHandle());
        } catch (IOException e) {
            qemu.destroyForcibly();
            throw new LabException("QEMU ended at once: " + tail(folder.qemuLog()), e);
        }
        HostBoot boot = new HostBoot(spec, folder, token, startNanos, process);
        try {
            boot.host(new TreeMap<>(), Duration.ZERO).store();
        } catch (IOException | RuntimeException e) {
            qemu.destroyForcibly();
            throw e;
        }
        return boot;
    }

    private LabHost host(SortedMap<Integer, Integer> ports, Duration timeToShell) {
        return new LabHost(folder, spec, token, ports, process, timeToShell);
    }

    /** The host as it can be ended, whether it has booted or not. */
    LabHost unfinished() {
        return host(new TreeMap<>(), Duration.ZERO);
    }

    /** Waits until QEMU takes orders. */
    void awaitMonitor(Duration limit) throws IOException, InterruptedException {
        while (!Files.exists(folder.monitor())) {
            checkProgress(limit);
            Thread.sleep(POLL);
        }
    }

    /**
     * Waits until the host runs commands.
     *
     * @param limit    since QEMU was started
     * @param progress told what the host's init says
     */
    LabHost awaitShell(Duration limit, Consumer<String> progress) throws IOException, InterruptedException {
        for (int said = 0;;) {
            List<String> lines = Files.readString(folder.console(), StandardCharsets.ISO_8859_1).lines()
                    .filter(line -> line.startsWith(SAYS))
                    .map(line -> line.substring(SAYS.length())).toList();
            for (; said < lines.size(); said++) {
                String line = lines.get(said);
                if (line.startsWith(FAILED)) {
                    throw new LabException(
                            "host " + spec.name() + " does not start: " + line.substring(FAILED.length()) + tails());
                }
                progress.accept(line);
                if (line.startsWith(READY)) {
                    return shell(limit);
                }
            }
            checkProgress(limit);
            Thread.sleep(POLL);
        }
    }

    private LabHost shell(Duration limit) throws IOException, InterruptedException {
        SortedMap<Integer, Integer> ports;
        try (Monitor monitor = Monitor.connect(folder.monitor())) {
            ports = monitor.forwardedPorts();
        }
        while (true) {
            try {
                if (host(ports, Duration.ZERO).run(FIRST_COMMAND, "true").succeeded()) {
                    LabHost ready = host(ports, Duration.ofNanos(System.nanoTime() - startNanos));
                    ready.store();
                    return ready;
                }
            } catch (IOException notYet) {
                // The command server starts right after the init has said that the host is ready.
                checkProgress(limit);
            }
            Thread.sleep(POLL);
        }
    }

    private void checkProgress(Duration limit) throws IOException {
        if (!process.isRunning()) {
            throw new LabException("host " + spec.name() + " ended while it started" + tails());
        }
        if (System.nanoTime() - startNanos > limit.toNanos()) {
            throw new LabException(
                    "host " + spec.name() + " was not ready after " + limit.toSeconds() + " s" + tails());
        }
    }

    private String tails() throws IOException {
        return "\nThe end of its console:\n" + tail(folder.console()) + "\nQEMU says: " + tail(folder.qemuLog());
    }

    private static String tail(Path file) throws IOException {
        if (!Files.exists(file)) {
            return "(nothing)";
        }
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "r")) {
            open.seek(Math.max(0, open.length() - CONSOLE_TAIL_BYTES));
            byte[] bytes = new byte[CONSOLE_TAIL_BYTES];
            int count = open.read(bytes);
            String text = new String(bytes, 0, Math.max(0, count), StandardCharsets.ISO_8859_1).strip();
            return text.isEmpty() ? "(nothing)" : text;
        }
    }
}
