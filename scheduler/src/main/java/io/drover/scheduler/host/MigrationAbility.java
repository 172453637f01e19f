package io.drover.scheduler.host;

import java.util.Set;

/**
 * What a host can do in live migrations.
 *
 * @param oldest version of the hand-off and of the stream that it speaks, at least 1
 * @param newest at least {@code oldest}
 * @param mirrorsDisks as a destination it takes a VM's disks, too
 * @param drivers whose VMs it migrates
 */
public record MigrationAbility(int oldest, int newest, boolean mirrorsDisks, Set<Driver> drivers) {
    public MigrationAbility {
        if (oldest < 1 || newest < oldest) {
            throw new IllegalArgumentException("migration versions : " + oldest + " to " + newest
                    + " (expected: from at least 1, ascending)");
        }
        drivers = Set.copyOf(drivers);
    }

    /** Whether both speak one version. */
    public boolean speaksWith(MigrationAbility other) {
        return oldest <= other.newest && other.oldest <= newest;
    }

    /** Such as "2" or "1 to 3". */
    public String versions() {
        return oldest == newest ? String.valueOf(newest) : oldest + " to " + newest;
    }
}
