package io.drover.vmm.process;

import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmMigration.Disks;
import io.drover.vmm.client.VmmMigration.Downtime;
import io.drover.vmm.client.VmmMigration.Failure;
import io.drover.vmm.client.VmmMigration.Phase;
import io.drover.vmm.migration.SendProgress;
import io.drover.vmm.migration.SendState;
import io.drover.vmm.migration.stream.FailureKind;
import java.util.Optional;

/** Migrations between the process's status and what sends and receives. */
final class MigrationTranslation {
    private MigrationTranslation() {}

    /** What is told of a guest that is sent. */
    static VmmMigration status(SendProgress progress) {
        Optional<Failure> failure = Optional.empty();
        Optional<Downtime> downtime = Optional.empty();
        Phase phase = switch (progress.state()) {
            case SendState.Connecting _ -> Phase.CONNECTING;
            case SendState.Copying _ -> Phase.COPYING;
            case SendState.Converged _ -> Phase.CONVERGED;
            case SendState.Switching _ -> Phase.SWITCHING;
            case SendState.Sent(SendState.Downtime parts) -> {
                downtime = Optional.of(
                        new Downtime(parts.pausing(), parts.lastPages(), parts.saving(), parts.loading()));
                yield Phase.SENT;
            }
            case SendState.Failed(FailureKind kind, String why, boolean stopped) -> {
                failure = Optional.of(new Failure(kind.name(), why, stopped));
                yield Phase.FAILED;
            }
        };
        return new VmmMigration(phase, failure, progress.passes(), progress.sentBytes(), progress.bytesPerSecond(),
                progress.dirtyBytesPerSecond(), progress.remainingBytes(), progress.predictedDowntime(),
                progress.throttlePercent(), progress.elapsed(), progress.left(), downtime,
                new Disks(progress.disks().sentBytes(), progress.disks().remainingBytes(),
                        progress.disks().totalBytes()));
    }

    /** What is told of one that never came so far that anything was stopped. */
    static VmmMigration failed(String kind, String why) {
        return new VmmMigration(Phase.FAILED, Optional.of(new Failure(kind, String.valueOf(why), false)), 0);
    }
}
