package io.drover.scheduler.placement;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;

/** How many hosts a decision looked at, and what became of them. Immutable. */
public final class Counts {
    private final int feasible;
    private final int[] rejected;

    /**
     * Copies the counts.
     *
     * @param rejected by {@link Filter#index}
     */
    Counts(int feasible, int[] rejected) {
        this.feasible = feasible;
        this.rejected = rejected.clone();
    }

    /** All hosts there were: {@link #feasible} and all that were rejected. */
    public int considered() {
        return feasible + Arrays.stream(rejected).sum();
    }

    /** Hosts that passed every filter. */
    public int feasible() {
        return feasible;
    }

    /** Hosts whose first obstacle was this filter. */
    public int rejectedBy(Filter filter) {
        return rejected[filter.index()];
    }

    /** The filters that rejected any host, in their order. */
    public Map<Filter, Integer> rejected() {
        Map<Filter, Integer> counts = new EnumMap<>(Filter.class);
        for (Filter filter : Filter.IN_ORDER) {
            if (rejectedBy(filter) > 0) {
                counts.put(filter, rejectedBy(filter));
            }
        }
        return Collections.unmodifiableMap(counts);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Counts counts && feasible == counts.feasible
                && Arrays.equals(rejected, counts.rejected);
    }

    @Override
    public int hashCode() {
        return 31 * feasible + Arrays.hashCode(rejected);
    }

    /** Such as {@code cordoned 1, memory 4}; empty when no host was rejected. */
    @Override
    public String toString() {
        return rejected().entrySet().stream().map(count -> count.getKey() + " " + count.getValue())
                .collect(Collectors.joining(", "));
    }
}
