package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Dimension;
import java.util.List;

/**
 * The reasons for which a host is passed over, in the order in which they are looked at. A host counts at the first
 * that applies.
 */
public enum Filter {
    READY("ready"),
    CORDONED("cordoned"),
    DRIVER("driver"),
    ARCHITECTURE("architecture"),
    CPU_FEATURES("cpu_features"),
    CPU_MODEL("cpu_model"),
    LABELS("labels"),
    NETWORKS("networks"),
    RESOURCES("resources"),
    DISKS("disks"),
    REFUSED("refused"),
    VCPUS("vcpus"),
    DEDICATED_CPUS("dedicated_cpus"),
    MEMORY("memory"),
    HUGE_PAGES_2M("huge_pages_2m"),
    HUGE_PAGES_1G("huge_pages_1g");

    static final List<Filter> IN_ORDER = List.of(values());
    /** Those that look at facts of a host alone. */
    static final List<Filter> OF_FACTS = IN_ORDER.subList(0, IN_ORDER.indexOf(DISKS));

    private final String id;

    Filter(String id) {
        this.id = id;
    }

    /** As in the protocols. */
    public String id() {
        return id;
    }

    /** Where this filter's count is in an array of counts by filter. */
    @SuppressWarnings("EnumOrdinal") // such an array never leaves the process
    int index() {
        return ordinal();
    }

    static Filter of(Dimension dimension) {
        return switch (dimension) {
            case VCPUS -> VCPUS;
            case DEDICATED_CPUS -> DEDICATED_CPUS;
            case MEMORY -> MEMORY;
            case HUGE_PAGES_2M -> HUGE_PAGES_2M;
            case HUGE_PAGES_1G -> HUGE_PAGES_1G;
        };
    }

    @Override
    public String toString() {
        return id;
    }
}
