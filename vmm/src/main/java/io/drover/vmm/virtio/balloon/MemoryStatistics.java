package io.drover.vmm.virtio.balloon;

import io.drover.vmm.virtio.queue.GuestBuffers;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What a guest has told of its memory. Only its word: nothing may be decided on it that could harm another.
 *
 * @param values
 *            as many as it told, none negative
 * @param at
 *            when it was received
 */
public record MemoryStatistics(Map<Statistic, Long> values, Instant at) {
    /** A tag of 16 bits and its value of 64, packed. */
    private static final int ENTRY_BYTES = 10;
    private static final int VALUE = 2;
    /** More than there will ever be, and few enough to be read while others wait. */
    private static final int MOST_ENTRIES = 64;

    public MemoryStatistics {
        values = Collections.unmodifiableMap(new EnumMap<>(values));
    }

    /** Reads whole entries of a buffer that a driver filled; tags that are not known here are left out. */
    static MemoryStatistics read(GuestBuffers buffer, Instant now) {
        Statistic[] known = Statistic.values();
        Map<Statistic, Long> values = new EnumMap<>(Statistic.class);
        long entries = Math.min(buffer.bytes() / ENTRY_BYTES, MOST_ENTRIES);
        for (int entry = 0; entry < entries; entry++) {
            long at = (long) ENTRY_BYTES * entry;
            int tag = buffer.read8(at) | buffer.read8(at + 1) << 8;
            long value = buffer.read64(at + VALUE);
            // "Unknown" is all ones.
            if (tag < known.length && value >= 0) {
                values.put(known[tag], value);
            }
        }
        return new MemoryStatistics(values, now);
    }
}
