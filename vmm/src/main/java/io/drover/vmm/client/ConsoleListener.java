package io.drover.vmm.client;

/**
 * Gets what the guest prints, on the client's reader thread. While it blocks, nothing else of that client moves and the VMM
 * keeps the newest output only: give a console that may be slow a client of its own.
 */
public interface ConsoleListener {
    /**
     * More output.
     *
     * @param data
     *            the listener's own
     * @param lostBytes
     *            so many bytes before {@code data} were overwritten because this side was too slow
     */
    void output(byte[] data, long lostBytes);
}
