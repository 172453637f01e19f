package io.drover.scheduler.placement;

import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/** Which hosts hold which image files. */
final class HeldFiles {
    private final Map<String, HostBits> hosts = new HashMap<>();

    void add(int slot, Collection<String> files) {
        files.forEach(file -> hosts.computeIfAbsent(file, first -> new HostBits()).add(slot));
    }

    /** The host holds nothing. */
    void clear(int slot) {
        for (Iterator<HostBits> each = hosts.values().iterator(); each.hasNext();) {
            HostBits holders = each.next();
            if (holders.remove(slot) && holders.isEmpty()) {
                each.remove();
            }
        }
    }

    /**
     * Narrows {@code candidates} to those that hold all the files.
     *
     * @param files at least one
     */
    void retainHolders(Collection<String> files, HostBits candidates) {
        for (String file : files) {
            candidates.retainAll(hosts.getOrDefault(file, NOWHERE));
        }
    }

    private static final HostBits NOWHERE = new HostBits();
}
