package io.drover.agent.driver;

import io.drover.vmm.client.VmmMemoryStatistics;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the devices of a machine have done since its process began. Directions are the guest's: what it receives comes into it. Of
 * what a driver cannot tell there is nothing here.
 *
 * @param disks in the order of the plan, then those that came later
 * @param nics as the disks, without those that nobody counts for
 * @param consolePorts the console first, if there is one, then the named ports
 * @param rngBytes that the source of entropy has given the guest
 */
public record MachineCounters(List<DiskCounters> disks, List<NicCounters> nics, Optional<VsockCounters> vsock,
        List<PortCounters> consolePorts, Optional<BalloonCounters> balloon, Optional<WatchdogCounters> watchdog,
        OptionalLong rngBytes) {
    public MachineCounters {
        disks = List.copyOf(disks);
        nics = List.copyOf(nics);
        Objects.requireNonNull(vsock);
        consolePorts = List.copyOf(consolePorts);
        Objects.requireNonNull(balloon);
        Objects.requireNonNull(watchdog);
        Objects.requireNonNull(rngBytes);
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

    /**
     * Of one nic.
     *
     * @param name as in the plan
     * @param receiveDrops frames for the guest that it had no room for
     * @param sendDrops what the guest sent that went nowhere
     */
    public record NicCounters(String name, long receivedFrames, long receivedBytes, long receiveDrops, long sentFrames,
            long sentBytes, long sendDrops) {
        public NicCounters {
            Objects.requireNonNull(name);
        }
    }

    /**
     * Of the sockets between the guest and its host.
     *
     * @param open streams at this moment
     * @param fromHost streams that programs on the host began and the guest took
     * @param fromGuest streams that the guest began and a program on the host took
     * @param refused that one side wanted and the other did not take
     */
    public record VsockCounters(int open, long fromHost, long fromGuest, long refused, long receivedBytes,
            long sentBytes) {}

    /**
     * Of one port of the virtio console device.
     *
     * @param name empty: the console
     */
    public record PortCounters(String name, long receivedBytes, long sentBytes) {
        public PortCounters {
            Objects.requireNonNull(name);
        }
    }

    /**
     * Of the balloon.
     *
     * @param targetBytes what the guest is to be left with
     * @param actualBytes what it says that it is left with
     * @param inflatedBytes given back to the host because it was asked for; what went twice counts twice
     * @param reportedBytes as {@code inflatedBytes}, because nobody in the guest used it
     * @param memory how the guest says that it uses its memory; empty when it has not told
     */
    public record BalloonCounters(long targetBytes, long actualBytes, OptionalLong inflatedBytes,
            OptionalLong reportedBytes, Optional<VmmMemoryStatistics> memory) {
        public BalloonCounters {
            Objects.requireNonNull(inflatedBytes);
            Objects.requireNonNull(reportedBytes);
            Objects.requireNonNull(memory);
        }
    }

    /**
     * Of the watchdog.
     *
     * @param expirations how often it has acted
     */
    public record WatchdogCounters(boolean armed, long expirations) {}
}
