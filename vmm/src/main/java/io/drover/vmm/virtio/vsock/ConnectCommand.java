package io.drover.vmm.virtio.vsock;

/** What a client of the VM's socket says first: {@code CONNECT <port>\n}; nothing behind it is taken. */
final class ConnectCommand {
    private static final String WORD = "CONNECT ";
    /** A port is less than 2^32 - 1, which means any. */
    private static final long PORT_ANY = 0xFFFF_FFFFL;

    private int read;
    private long port;
    private int digits;

    /** How far it has come. */
    enum Progress {
        MORE, COMPLETE, WRONG
    }

    /** Takes the next byte. */
    Progress take(int octet) {
        if (read < WORD.length()) {
            return octet == WORD.charAt(read++) ? Progress.MORE : Progress.WRONG;
        }
        if (octet == '\n') {
            return digits > 0 ? Progress.COMPLETE : Progress.WRONG;
        }
        if (octet < '0' || octet > '9') {
            return Progress.WRONG;
        }
        digits++;
        port = 10 * port + octet - '0';
        return port < PORT_ANY && digits <= 10 ? Progress.MORE : Progress.WRONG;
    }

    /** The guest's port, unsigned, when it is complete. */
    int port() {
        return (int) port;
    }
}
