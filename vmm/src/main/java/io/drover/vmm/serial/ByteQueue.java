package io.drover.vmm.serial;

/** A ring of bytes of fixed capacity. Not thread-safe. */
final class ByteQueue {
    private final byte[] ring;
    private int first;
    private int size;

    ByteQueue(int capacity) {
        ring = new byte[capacity];
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** The caller has seen to it that there is room. */
    void add(int value) {
        ring[(first + size) % ring.length] = (byte) value;
        size++;
    }

    /** Takes as many as there is room for, from the start, and says how many. */
    int addAll(byte[] data, int from, int length) {
        int count = Math.min(length, ring.length - size);
        for (int i = 0; i < count; i++) {
            add(data[from + i]);
        }
        return count;
    }

    /**
     * Takes the oldest byte out; there must be one.
     *
     * @return 0 to 255
     */
    int remove() {
        int value = ring[first] & 0xFF;
        first = (first + 1) % ring.length;
        size--;
        return value;
    }

    /** A copy, the oldest byte first. */
    byte[] toArray() {
        byte[] all = new byte[size];
        for (int i = 0; i < size; i++) {
            all[i] = ring[(first + i) % ring.length];
        }
        return all;
    }

    void clear() {
        size = 0;
    }
}
