package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Dimension;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.capacity.Reserved;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.ObjIntConsumer;

/**
 * The hosts as a struct of arrays. A host has a slot from when it is added until it is removed; slots are dense, the
 * lowest free one is used again first. Which slot a host has depends on history, so nothing that is decided may:
 * where an order of hosts is needed, it is {@link #ranks}.
 */
final class HostTable {
    private static final List<Dimension> DIMENSIONS = List.of(Dimension.values());

    private final NavigableMap<HostId, Integer> slots = new TreeMap<>();
    private final HostBits used = new HostBits();
    private HostFacts[] facts = new HostFacts[0];
    /** By {@link #index}, then by slot. */
    private final long[][] free = new long[DIMENSIONS.size()][0];
    private final double[][] share = new double[DIMENSIONS.size()][0];
    private int[] ranks = new int[0];
    private boolean ranksStale;

    int size() {
        return slots.size();
    }

    OptionalInt slotOf(HostId host) {
        Integer slot = slots.get(host);
        return slot == null ? OptionalInt.empty() : OptionalInt.of(slot);
    }

    /** Of a slot in use. */
    HostFacts facts(int slot) {
        return facts[slot];
    }

    void forEach(ObjIntConsumer<HostFacts> action) {
        slots.values().forEach(slot -> action.accept(facts[slot], slot));
    }

    /** Adds a host, or changes it. {@return its slot} */
    int put(HostFacts host, Reserved reserved) {
        int slot = slotOf(host.id()).orElseGet(() -> add(host.id()));
        facts[slot] = host;
        for (Dimension dimension : DIMENSIONS) {
            share[index(dimension)][slot] = 1.0 / Math.max(1, host.capacity().of(dimension));
        }
        setReserved(slot, reserved);
        return slot;
    }

    private int add(HostId host) {
        int slot = used.firstMissing();
        if (slot == facts.length) {
            int length = Math.max(64, slot * 2);
            facts = Arrays.copyOf(facts, length);
            for (int index = 0; index < free.length; index++) {
                free[index] = Arrays.copyOf(free[index], length);
                share[index] = Arrays.copyOf(share[index], length);
            }
            ranks = Arrays.copyOf(ranks, length);
        }
        used.add(slot);
        slots.put(host, slot);
        ranksStale = true;
        return slot;
    }

    /** The slot must be in use. */
    void remove(int slot) {
        slots.remove(facts[slot].id());
        used.remove(slot);
        facts[slot] = null;
        ranksStale = true;
    }

    void setReserved(int slot, Reserved reserved) {
        HostCapacity capacity = facts[slot].capacity();
        for (Dimension dimension : DIMENSIONS) {
            free[index(dimension)][slot] = capacity.of(dimension) - reserved.of(dimension);
        }
    }

    @SuppressWarnings("EnumOrdinal") // such an array never leaves the process
    private static int index(Dimension dimension) {
        return dimension.ordinal();
    }

    /** By slot; below 0 where more is reserved than the host has. To be read only, as the arrays below. */
    long[] free(Dimension dimension) {
        return free[index(dimension)];
    }

    /** By slot: the share of what the host has of a dimension that one of it is. */
    double[] share(Dimension dimension) {
        return share[index(dimension)];
    }

    /** By slot: how many hosts come before it by name. */
    int[] ranks() {
        if (ranksStale) {
            // Once for any number of hosts that came and went since the last decision.
            int rank = 0;
            for (int slot : slots.values()) {
                ranks[slot] = rank++;
            }
            ranksStale = false;
        }
        return ranks;
    }
}
