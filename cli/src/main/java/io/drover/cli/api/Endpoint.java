package io.drover.cli.api;

/** Where a controller listens. */
public record Endpoint(String host, int port) {
    /** What a controller listens on unless it is told otherwise. */
    public static final Endpoint DEFAULT = new Endpoint("127.0.0.1", 7070);

    private static final int MAX_PORT = 65_535;

    public Endpoint {
        if (host.isEmpty() || port < 1 || port > MAX_PORT) {
            throw new IllegalArgumentException(
                    "endpoint : " + host + ":" + port + " (expected: HOST:PORT, port 1 to 65535)");
        }
    }

    /**
     * Reads one as users write it.
     *
     * @param text HOST:PORT; an IPv6 address in brackets
     * @throws IllegalArgumentException naming the text when it is something else
     */
    public static Endpoint parse(String text) {
        int colon = text.lastIndexOf(':');
        try {
            if (colon > 0 && (text.indexOf(':') == colon || text.charAt(colon - 1) == ']')) {
                return new Endpoint(text.substring(0, colon), Integer.parseInt(text, colon + 1, text.length(), 10));
            }
        } catch (NumberFormatException expected) {
            // Said below, with the whole text.
        }
        throw new IllegalArgumentException("endpoint : " + text + " (expected: HOST:PORT, such as 127.0.0.1:7070)");
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
