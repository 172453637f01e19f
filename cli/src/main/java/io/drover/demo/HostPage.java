package io.drover.demo;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;

/** A page of a server on this machine, at an address that a guest on a user network reaches: not on the loopback. */
final class HostPage implements AutoCloseable {
    /** Where such a guest thinks that it is: what has an address in there it takes for its own network. */
    private static final String GUESTS_PREFIX = "10.0.2.";

    private final HttpServer server;
    private final Narrator narrator;
    private final String text = "hello from the host, " + UUID.randomUUID();

    private HostPage(HttpServer server, Narrator narrator) {
        this.server = server;
        this.narrator = narrator;
    }

    /** Serves until it is closed. */
    static HostPage serve(Narrator narrator) throws DemoFailure, IOException {
        InetAddress address = address().orElseThrow(() -> new DemoFailure(
                "this machine has no IPv4 address that a guest could reach it at (looked for one that is neither on the"
                        + " loopback nor begins with " + GUESTS_PREFIX + ", where guests are on their user networks)",
                "give it one, for example: sudo ip address add 198.51.100.1/32 dev lo"));
        HostPage page = new HostPage(HttpServer.create(new InetSocketAddress(address, 0), 0), narrator);
        page.server.createContext("/", page::answer);
        page.server.start();
        return page;
    }

    private static Optional<InetAddress> address() throws IOException {
        return NetworkInterface.networkInterfaces().flatMap(device -> device.getInterfaceAddresses().stream())
                .map(InterfaceAddress::getAddress)
                .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress()
                        && !address.isLinkLocalAddress() && !address.getHostAddress().startsWith(GUESTS_PREFIX))
                .findFirst();
    }

    private void answer(HttpExchange request) throws IOException {
        try (request) {
            byte[] body = (text + "\n").getBytes(StandardCharsets.UTF_8);
            request.sendResponseHeaders(200, body.length);
            request.getResponseBody().write(body);
        }
        narrator.detail("the server on the host has answered " + request.getRequestMethod() + " "
                + request.getRequestURI());
    }

    String url() {
        return "http://" + server.getAddress().getAddress().getHostAddress() + ":" + server.getAddress().getPort()
                + "/";
    }

    /** What is on it, another for each page. */
    String text() {
        return text;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
