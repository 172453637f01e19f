package io.drover.agent.console;

/** The last bytes of a stream, up to a fixed number. Not safe for several threads. */
final class ByteRing {
    private final byte[] bytes;
    private int start;
    private int length;

    ByteRing(int capacity) {
        bytes = new byte[capacity];
    }

    int length() {
        return length;
    }

    /** Appends, and returns how many of the oldest bytes (of the new ones too) had to go. */
    long append(byte[] from, int offset, int count) {
        long dropped = Math.max(0, (long) length + count - bytes.length);
        int skipped = Math.max(0, count - bytes.length);
        int kept = count - skipped;
        int evicted = (int) (dropped - skipped);
        start = (start + evicted) % bytes.length;
        length -= evicted;
        int end = (start + length) % bytes.length;
        int first = Math.min(kept, bytes.length - end);
        System.arraycopy(from, offset + skipped, bytes, end, first);
        System.arraycopy(from, offset + skipped + first, bytes, 0, kept - first);
        length += kept;
        return dropped;
    }

    /** Takes out up to {@code max} of the oldest bytes. */
    byte[] take(int max) {
        byte[] taken = new byte[Math.min(max, length)];
        copy(taken);
        start = (start + taken.length) % bytes.length;
        length -= taken.length;
        return taken;
    }

    /** A copy of all bytes, the oldest first. */
    byte[] snapshot() {
        byte[] all = new byte[length];
        copy(all);
        return all;
    }

    private void copy(byte[] to) {
        int first = Math.min(to.length, bytes.length - start);
        System.arraycopy(bytes, start, to, 0, first);
        System.arraycopy(bytes, 0, to, first, to.length - first);
    }
}
