package io.drover.vmm.disk.qcow2;

import java.util.Arrays;

/** The host clusters that hold metadata, which no guest's data may be written to whatever the tables say: a set of longs. */
final class MetadataClusters {
    private static final long EMPTY = -1;

    private long[] slots = emptySlots(64);
    private int count;

    /**
     * Adds a cluster by its number.
     *
     * @return whether it was not there
     */
    boolean add(long cluster) {
        if (contains(cluster)) {
            return false;
        }
        if (2 * (count + 1) > slots.length) {
            long[] old = slots;
            slots = emptySlots(2 * old.length);
            for (long each : old) {
                if (each != EMPTY) {
                    slots[slot(each)] = each;
                }
            }
        }
        slots[slot(cluster)] = cluster;
        count++;
        return true;
    }

    boolean contains(long cluster) {
        return slots[slot(cluster)] == cluster;
    }

    /** Takes a cluster out that is no longer metadata. */
    void remove(long cluster) {
        int hole = slot(cluster);
        if (slots[hole] != cluster) {
            return;
        }
        slots[hole] = EMPTY;
        count--;
        // What was pushed on by this one must be found without it.
        for (int at = next(hole); slots[at] != EMPTY; at = next(at)) {
            long moved = slots[at];
            slots[at] = EMPTY;
            slots[slot(moved)] = moved;
        }
    }

    /** Where it is or would be. */
    private int slot(long cluster) {
        int at = (int) ((cluster * 0x9E37_79B9_7F4A_7C15L) >>> 40) & (slots.length - 1);
        while (slots[at] != EMPTY && slots[at] != cluster) {
            at = next(at);
        }
        return at;
    }

    private int next(int at) {
        return (at + 1) & (slots.length - 1);
    }

    private static long[] emptySlots(int length) {
        long[] slots = new long[length];
        Arrays.fill(slots, EMPTY);
        return slots;
    }
}
