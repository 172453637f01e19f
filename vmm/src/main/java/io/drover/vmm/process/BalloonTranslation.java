package io.drover.vmm.process;

import io.drover.vmm.client.VmmBalloon;
import io.drover.vmm.client.VmmBalloonStatus;
import io.drover.vmm.client.VmmMemoryStatistics;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.machine.BalloonSettings;
import io.drover.vmm.virtio.balloon.BalloonOptions;
import io.drover.vmm.virtio.balloon.BalloonState;
import io.drover.vmm.virtio.balloon.MemoryStatistics;
import io.drover.vmm.virtio.balloon.Statistic;
import java.util.Optional;
import java.util.OptionalLong;

/** The balloon between the process's settings and status, and the machine's. */
final class BalloonTranslation {
    private BalloonTranslation() {}

    /** Refuses what cannot be, with an {@link IllegalArgumentException} for the operator. */
    static Optional<BalloonSettings> of(VmmSettings settings) {
        if (settings.balloon().isEmpty()) {
            return Optional.empty();
        }
        VmmBalloon balloon = settings.balloon().get();
        BalloonOptions options = new BalloonOptions(balloon.deflateOnOom(), balloon.freePageReporting(),
                balloon.statisticsInterval());
        return Optional.of(new BalloonSettings(options,
                balloon.targetBytes() == 0 ? settings.memoryBytes() : balloon.targetBytes()));
    }

    /**
     * What is told of it.
     *
     * @param memoryBytes
     *            of the VM
     */
    static VmmBalloonStatus status(BalloonState state, long memoryBytes) {
        return new VmmBalloonStatus(memoryBytes - state.wantedBytes(), memoryBytes - state.actualBytes(),
                state.inflatedBytes(), state.reportedBytes(), state.residentBytes(),
                state.statistics().map(BalloonTranslation::statistics));
    }

    private static VmmMemoryStatistics statistics(MemoryStatistics told) {
        return new VmmMemoryStatistics(told.at(), value(told, Statistic.FREE), value(told, Statistic.TOTAL),
                value(told, Statistic.AVAILABLE), value(told, Statistic.CACHES), value(told, Statistic.SWAPPED_IN),
                value(told, Statistic.SWAPPED_OUT), value(told, Statistic.MAJOR_FAULTS),
                value(told, Statistic.MINOR_FAULTS));
    }

    private static OptionalLong value(MemoryStatistics told, Statistic statistic) {
        Long value = told.values().get(statistic);
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }
}
