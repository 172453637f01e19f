package io.drover.controller;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** A host:port to listen at. */
record ListenAddress(String host, int port) {
    /**
     * Reads what was given on the command line.
     *
     * @throws IllegalArgumentException when the text is no host:port
     */
    static ListenAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (colon > 0 && port >= 0 && port <= 65_535) {
                String host = text.substring(0, colon);
                return new ListenAddress(
                        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host,
                        port);
            }
        } catch (NumberFormatException ignored) {
            // Told below, with the rest.
        }
        throw new IllegalArgumentException(
                text + " (expected: host:port, such as 127.0.0.1:7070; port 0 takes a free one)");
    }

    InetSocketAddress socketAddress() throws UnknownHostException {
        return new InetSocketAddress(InetAddress.getByName(host), port);
    }
}
