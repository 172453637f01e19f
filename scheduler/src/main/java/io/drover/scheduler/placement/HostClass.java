package io.drover.scheduler.placement;

import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * All hosts sorted by what they are to VMs with the same constraints: rejected by a filter that looks at facts alone,
 * or a candidate under one driver.
 */
final class HostClass {
    /**
     * In {@link #verdicts}: no host has this slot, or it is a candidate. Else 1 + {@link Filter#index} of the
     * rejecting filter.
     */
    private static final byte NOT_REJECTED = 0;

    private final Constraints constraints;
    private final Map<Driver, HostBits> candidates = new EnumMap<>(Driver.class);
    private final int[] rejected = new int[Filter.IN_ORDER.size()];
    private byte[] verdicts = new byte[64];

    HostClass(Constraints constraints, HostTable hosts) {
        this.constraints = constraints;
        Driver.BY_PREFERENCE.forEach(driver -> candidates.put(driver, new HostBits()));
        hosts.forEach((facts, slot) -> put(slot, facts));
    }

    /** The host in this slot is new, or its facts have changed. */
    void put(int slot, HostFacts facts) {
        remove(slot);
        Optional<Filter> filter = constraints.firstRejecting(facts);
        if (filter.isEmpty()) {
            candidates(constraints.driverOn(facts).orElseThrow()).add(slot);
            return;
        }
        if (slot >= verdicts.length) {
            verdicts = Arrays.copyOf(verdicts, slot * 2);
        }
        verdicts[slot] = (byte) (1 + filter.get().index());
        rejected[filter.get().index()]++;
    }

    /** There is no host in this slot any more. */
    void remove(int slot) {
        candidates.values().forEach(hosts -> hosts.remove(slot));
        if (slot < verdicts.length && verdicts[slot] != NOT_REJECTED) {
            rejected[verdicts[slot] - 1]--;
            verdicts[slot] = NOT_REJECTED;
        }
    }

    Constraints constraints() {
        return constraints;
    }

    /** Hosts that no filter on facts rejects and that would run the VM with this driver. To be read only. */
    HostBits candidates(Driver driver) {
        return Objects.requireNonNull(candidates.get(driver));
    }

    /** Hosts rejected, by {@link Filter#index}; a copy. */
    int[] rejected() {
        return rejected.clone();
    }

    /** The first host in the order of names that this filter rejected, which has rejected at least one. */
    int firstRejectedBy(Filter filter, int[] ranks) {
        int verdict = 1 + filter.index();
        int first = -1;
        for (int slot = 0; slot < verdicts.length; slot++) {
            if (verdicts[slot] == verdict && (first < 0 || ranks[slot] < ranks[first])) {
                first = slot;
            }
        }
        return first;
    }
}
