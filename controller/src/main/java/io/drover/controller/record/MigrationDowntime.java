package io.drover.controller.record;

import java.time.Duration;

/**
 * How long a guest stood still for its migration, in parts of which each was measured by one host's clock.
 *
 * @param pausing from when its vCPUs were stopped to when the source heard that the destination had everything
 * @param lastPages a part of that, as are saving and loading
 * @param commit the write that makes the destination the owner
 * @param resuming from then to the guest's first instruction
 */
public record MigrationDowntime(Duration pausing, Duration lastPages, Duration saving, Duration loading,
        Duration commit, Duration resuming) {
    public static final MigrationDowntime NONE = new MigrationDowntime(Duration.ZERO, Duration.ZERO, Duration.ZERO,
            Duration.ZERO, Duration.ZERO, Duration.ZERO);

    public Duration total() {
        return pausing.plus(commit).plus(resuming);
    }

    /** What two hosts know together: each part is told by one of them. */
    public MigrationDowntime with(MigrationDowntime other) {
        return new MigrationDowntime(longer(pausing, other.pausing), longer(lastPages, other.lastPages),
                longer(saving, other.saving), longer(loading, other.loading), longer(commit, other.commit),
                longer(resuming, other.resuming));
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) >= 0 ? one : other;
    }
}
