package io.drover.controller.record;

import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import java.util.Objects;
import java.util.Optional;

/**
 * The latest migration of a VM.
 *
 * @param latest where it stands
 * @param cancelReason why it is to end, or was; empty when nobody has asked for that
 * @param report of one that has ended, once both hosts have told of it
 */
public record VmMigration(Migration latest, String cancelReason, Optional<MigrationReport> report) {
    public static final VmMigration NONE = new VmMigration(new Migration.None(), "", Optional.empty());

    public VmMigration {
        Objects.requireNonNull(latest);
        Objects.requireNonNull(report);
        cancelReason = Texts.cut(cancelReason);
    }

    public Optional<Move> attempt() {
        return latest.attempt();
    }

    public Optional<Migration.UnderWay> underWay() {
        return latest instanceof Migration.UnderWay underWay ? Optional.of(underWay) : Optional.empty();
    }

    /** Only its two hosts can say where the guest goes on. */
    public boolean switching() {
        return latest instanceof Migration.Switching;
    }

    /** It can still be called off. */
    public boolean cancellable() {
        return underWay().filter(move -> !switching() && !move.cancelAsked()).isPresent();
    }

    /** It has ended, but what is kept of it is not written yet. */
    public boolean awaitsReport() {
        return attempt().isPresent() && underWay().isEmpty() && report.isEmpty();
    }

    public Optional<MigrationId> id() {
        return attempt().map(Move::id).map(MigrationId::new);
    }

    public Optional<HostId> source() {
        return attempt().map(move -> new HostId(move.source().name()));
    }

    public Optional<HostId> destination() {
        return attempt().map(move -> new HostId(move.destination().name()));
    }

    VmMigration now(Migration next) {
        return new VmMigration(next, cancelReason, report);
    }
}
