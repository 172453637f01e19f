package io.drover.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One command in an emulated host, over four connections to the host's command server: one says what to run and gets the
 * exit code, the others carry its streams. See {@code lab-command} among the resources for the protocol. Closing it ends
 * the command.
 */
final class CommandChannel implements AutoCloseable {
    private static final int CONNECT_MILLIS = 10_000;
    private static final int GREETING_MILLIS = 60_000;
    /** What the command server answers on each connection once it has taken it. */
    private static final int GREETING = '+';
    /**
     * A background process that the command left behind may hold its streams open for ever; whoever waits for them gives
     * up when this long after the end of the command nothing more has come.
     */
    private static final Duration QUIET_AFTER_END = Duration.ofSeconds(10);
    private static final SecureRandom RANDOM = new SecureRandom();

    private final LabHost host;
    private final String id;
    private final Socket control;
    private final Socket input;
    private final Socket output;
    private final Socket errors;
    private final AtomicLong lastActivity = new AtomicLong();

    private CommandChannel(LabHost host) throws IOException {
        this.host = host;
        byte[] random = new byte[8];
        RANDOM.nextBytes(random);
        this.id = HexFormat.of().formatHex(random);
        this.control = new Socket();
        this.input = new Socket();
        this.output = new Socket();
        this.errors = new Socket();
    }

    static CommandChannel start(LabHost host, ShellScript script) throws IOException {
        CommandChannel channel = new CommandChannel(host);
        try {
            byte[] bytes = script.text().getBytes(StandardCharsets.UTF_8);
            // The command server's queue holds but three connections, and one that overflows it is as good as lost.
            host.connecting().lock();
            try {
                channel.connect(channel.control, "exec " + channel.id + " " + bytes.length, bytes);
                channel.connect(channel.output, "out " + channel.id, new byte[0]);
                channel.connect(channel.errors, "err " + channel.id, new byte[0]);
                channel.connect(channel.input, "in " + channel.id, new byte[0]);
            } finally {
                host.connecting().unlock();
            }
            return channel;
        } catch (IOException e) {
            channel.hangUp();
            throw new LabException(
                    "host " + host.name() + " takes no commands: " + e.getMessage() + "; see " + host.console(), e);
        }
    }

    private void connect(Socket socket, String request, byte[] rest) throws IOException {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), host.commandPort()), CONNECT_MILLIS);
        socket.setTcpNoDelay(true);
        OutputStream out = socket.getOutputStream();
        out.write((host.token() + "\n" + request + "\n").getBytes(StandardCharsets.UTF_8));
        out.write(rest);
        out.flush();
        socket.setSoTimeout(GREETING_MILLIS);
        if (socket.getInputStream().read() != GREETING) {
            throw new LabException("it closed a connection");
        }
        socket.setSoTimeout(0);
    }

    /**
     * Copies the streams until the command has ended.
     *
     * @param in read on a thread of its own, which may still be reading when this returns
     * @return the exit code, as a shell gives it: 128 and the signal's number for a command that a signal ended
     * @throws LabException when the host went away
     */
    int copy(InputStream in, OutputStream out, OutputStream err) throws IOException, InterruptedException {
        Thread outputCopier = Thread.ofVirtual().name("lab-output").start(() -> copyQuietly(output, out));
        Thread errorsCopier = Thread.ofVirtual().name("lab-errors").start(() -> copyQuietly(errors, err));
        Thread.ofPlatform().daemon().name("lab-input").start(() -> send(in));
        int exitCode = awaitExitCode();
        lastActivity.set(System.nanoTime());
        while (!(outputCopier.join(Duration.ofSeconds(1)) && errorsCopier.join(Duration.ofSeconds(1)))) {
            if (System.nanoTime() - lastActivity.get() > QUIET_AFTER_END.toNanos()) {
                break;
            }
        }
        return exitCode;
    }

    /** The host keeps the connection open until it is closed on this side, so the end of the line is the end of the answer. */
    private int awaitExitCode() throws IOException {
        InputStream in = control.getInputStream();
        StringBuilder digits = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < '0' || c > '9' || digits.length() == 3) {
                throw new LabException(
                        "host " + host.name() + " went away while the command ran; see " + host.console());
            }
            digits.append((char) c);
        }
        return Integer.parseInt("0" + digits);
    }

    private void copyQuietly(Socket from, OutputStream to) {
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = from.getInputStream()) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                to.write(buffer, 0, n);
                to.flush();
                lastActivity.set(System.nanoTime());
            }
        } catch (IOException ignored) {
            // Either side went away: the exit code, or its absence, tells what that means.
        }
    }

    private void send(InputStream in) {
        byte[] buffer = new byte[1 << 16];
        try {
            OutputStream out = input.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
                out.flush();
            }
            input.shutdownOutput();
        } catch (IOException ignored) {
            // The command ended without reading all of its input.
        }
    }

    /** Ends the command; whoever copies its streams is told that the host went away. */
    void hangUp() throws IOException {
        control.close();
        input.close();
        output.close();
        errors.close();
    }

    @Override
    public void close() throws IOException {
        hangUp();
    }
}
