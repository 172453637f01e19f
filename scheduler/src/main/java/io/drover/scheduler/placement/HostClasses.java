package io.drover.scheduler.placement;

import io.drover.scheduler.host.HostFacts;
import java.util.LinkedHashMap;
import java.util.Map;

/** The classes of the constraints asked for last. */
final class HostClasses {
    /** Users write constraints, so their number must be bounded. Each class takes about one byte per host. */
    private static final int KEPT = 256;

    private final HostTable hosts;
    private final Map<Constraints, HostClass> classes = new LinkedHashMap<>(16, 0.75f, true);

    HostClasses(HostTable hosts) {
        this.hosts = hosts;
    }

    /** Sorts all hosts when the constraints have not been asked for lately. */
    HostClass of(Constraints constraints) {
        HostClass known = classes.get(constraints);
        if (known != null) {
            return known;
        }
        if (classes.size() == KEPT) {
            classes.remove(classes.keySet().iterator().next());
        }
        HostClass sorted = new HostClass(constraints, hosts);
        classes.put(constraints, sorted);
        return sorted;
    }

    void put(int slot, HostFacts facts) {
        classes.values().forEach(each -> each.put(slot, facts));
    }

    void remove(int slot) {
        classes.values().forEach(each -> each.remove(slot));
    }
}
