package io.drover.agent.driver;

import java.util.List;
import java.util.Objects;

/**
 * What the devices of a machine have done since its process began.
 *
 * @param disks in the order of the plan
 */
public record MachineCounters(List<DiskCounters> disks) {
    public MachineCounters {
        disks = List.copyOf(disks);
    }

    /**
     * Of one disk: the guest's requests that succeeded, and those that were answered with an error.
     *
     * @param name as in the plan
     * @param discards also those to write zeros
     */
    public record DiskCounters(String name, long reads, long readBytes, long writes, long writtenBytes, long flushes,
            long discards, long failures) {
        public DiskCounters {
            Objects.requireNonNull(name);
        }
    }
}
