package io.drover.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** QEMU's monitor (QMP) on its Unix socket. */
final class Monitor implements AutoCloseable {
    /** {@code TCP[HOST_FORWARD] 8 127.0.0.1 37785 10.0.2.15 1 0 0}: the local port, then the host's. */
    private static final Pattern FORWARD = Pattern
            .compile("TCP\\[HOST_FORWARD\\]\\s+\\d+\\s+127\\.0\\.0\\.1\\s+(\\d+)\\s+10\\.0\\.2\\.15\\s+(\\d+)");

    private final SocketChannel channel;
    private final BufferedReader lines;

    private Monitor(SocketChannel channel, BufferedReader lines) {
        this.channel = channel;
        this.lines = lines;
    }

    static Monitor connect(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            InputStream in = Channels.newInputStream(channel);
            Monitor monitor = new Monitor(channel,
                    new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)));
            monitor.ask("{\"execute\":\"qmp_capabilities\"}");
            return monitor;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** The ports on this machine's loopback that QEMU chose, by the ports of the host that they lead to. */
    SortedMap<Integer, Integer> forwardedPorts() throws IOException {
        String answer = ask(
                "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"info usernet\"}}");
        SortedMap<Integer, Integer> ports = new TreeMap<>();
        Matcher matcher = FORWARD.matcher(answer);
        while (matcher.find()) {
            ports.put(Integer.valueOf(matcher.group(2)), Integer.valueOf(matcher.group(1)));
        }
        return ports;
    }

    /**
     * Lets one more host join this one's network. QEMU listens soon after; it takes one connection.
     *
     * @param name of the wire, not used yet
     */
    void addWire(String name, Path socket) throws IOException {
        ask(("{\"execute\":\"netdev_add\",\"arguments\":{\"type\":\"stream\",\"id\":\"%s\",\"server\":true,"
                + "\"addr\":{\"type\":\"unix\",\"path\":\"%s\"}}}").formatted(name, socket));
        ask("{\"execute\":\"netdev_add\",\"arguments\":{\"type\":\"hubport\",\"id\":\"%s-port\",\"hubid\":%d,\"netdev\":\"%s\"}}"
                .formatted(name, QemuCommand.HUB, name));
    }

    private String ask(String command) throws IOException {
        channel.write(ByteBuffer.wrap((command + "\n").getBytes(StandardCharsets.UTF_8)));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.startsWith("{\"return\"")) {
                return line;
            }
            if (line.startsWith("{\"error\"")) {
                throw new IOException("QEMU refused " + command + ": " + line);
            }
        }
        throw new IOException("QEMU closed its monitor");
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
