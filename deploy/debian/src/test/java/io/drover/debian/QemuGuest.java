package io.drover.debian;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A guest in QEMU with a software CPU: its serial port is QEMU's output and input, its monitor (QMP) a Unix socket. */
final class QemuGuest implements AutoCloseable {
    private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");
    private static final Pattern SHUTDOWN = Pattern.compile("\"event\": \"SHUTDOWN\".*\"reason\": \"([a-z-]+)\"");

    private final Process process;
    private final SocketChannel monitor;
    private final CompletableFuture<String> end = new CompletableFuture<>();
    private final StringBuilder console = new StringBuilder();
    private boolean consoleEnded;
    private int taken;

    private QemuGuest(Process process, SocketChannel monitor) {
        this.process = process;
        this.monitor = monitor;
        Thread.ofVirtual().name("qemu-console").start(this::readConsole);
        Thread.ofVirtual().name("qemu-monitor").start(this::readEvents);
    }

    static boolean isInstalled() {
        return Files.isExecutable(QEMU);
    }

    static QemuGuest boot(Path folder, DemoImage image, List<String> arguments) throws IOException {
        Path socket = folder.resolve("qmp");
        List<String> words = new ArrayList<>(
                List.of(QEMU.toString(), "-accel", "tcg", "-M", "q35", "-m", "256", "-nodefaults",
                        "-display", "none", "-serial", "stdio", "-qmp", "unix:" + socket + ",server=on,wait=on",
                        "-no-reboot", "-action",
                        "shutdown=pause", "-kernel", image.kernel().toString(), "-initrd", image.initramfs().toString(),
                        "-append",
                        image.commandLine() + " hostname=demo-1"));
        words.addAll(arguments);
        Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
        try {
            return new QemuGuest(process, connect(socket, process));
        } catch (IOException | RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static SocketChannel connect(Path socket, Process process) throws IOException {
        while (process.isAlive()) {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                channel.write(ByteBuffer.wrap("{\"execute\":\"qmp_capabilities\"}\n".getBytes(StandardCharsets.UTF_8)));
                return channel;
            } catch (IOException notYet) {
                channel.close();
                Thread.onSpinWait();
            }
        }
        throw new IOException(
                "QEMU ended: " + new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }

    private void readConsole() {
        byte[] buffer = new byte[4096];
        try (InputStream in = process.getInputStream()) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                synchronized (console) {
                    console.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
                    console.notifyAll();
                }
            }
        } catch (IOException ignored) {
            // Closed by close(); whoever still reads learns it below.
        }
        synchronized (console) {
            consoleEnded = true;
            console.notifyAll();
        }
    }

    private void readEvents() {
        try (BufferedReader lines = new BufferedReader(Channels.newReader(monitor, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher matcher = SHUTDOWN.matcher(line);
                if (matcher.find()) {
                    end.complete(matcher.group(1));
                } else if (line.contains("\"GUEST_PANICKED\"")) {
                    // With -action shutdown=pause this is all there is.
                    end.complete("guest-panic");
                }
            }
        } catch (IOException e) {
            end.completeExceptionally(e);
        }
        end.completeExceptionally(new IOException("QEMU ended without saying why"));
    }

    /** What the guest has printed since the last call, to the end of {@code wanted}. */
    String readTo(String wanted, Duration limit) throws InterruptedException, TimeoutException {
        long deadline = System.nanoTime() + limit.toNanos();
        synchronized (console) {
            while (true) {
                int found = console.indexOf(wanted, taken);
                if (found >= 0) {
                    String text = console.substring(taken, found + wanted.length());
                    taken = found + wanted.length();
                    return text;
                }
                long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (millis <= 0 || consoleEnded) {
                    throw new TimeoutException(
                            "'" + wanted + "' did not come; the console says:\n" + console.substring(taken));
                }
                console.wait(millis);
            }
        }
    }

    void type(String text) throws IOException {
        process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    /** Sends a QMP command without arguments. */
    void command(String name) throws IOException {
        monitor.write(ByteBuffer.wrap(("{\"execute\":\"" + name + "\"}\n").getBytes(StandardCharsets.UTF_8)));
    }

    /** QEMU's reason for the end of the guest (qapi/run-state.json, ShutdownCause). */
    String waitForEnd(Duration limit) throws Exception {
        try {
            return end.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            synchronized (console) {
                throw new TimeoutException("the guest did not end; the console says:\n" + console.substring(taken));
            }
        }
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
        monitor.close();
    }
}
