package io.drover.agent.vm;

import com.google.protobuf.Duration;
import io.drover.agent.handoff.HandOffNote;
import io.drover.proto.agent.v1.MigrationObservation;
import io.drover.proto.agent.v1.MigrationObservation.Phase;
import io.drover.scheduler.migration.Move;
import io.drover.vmm.client.VmmMigration;
import java.util.Optional;
import java.util.function.Consumer;

/** What is told of one side of a migration: each phase at once, and progress now and then. Safe for all threads. */
final class MoveReport {
    private static final long PERIOD_NANOS = 250_000_000;

    private final Consumer<MigrationObservation> told;
    private final long memoryBytes;
    private final MigrationObservation.Builder now;
    private VmmMigration.Phase last = VmmMigration.Phase.NONE;
    private long toldNanos;
    /** It is completed as soon as the guest runs. */
    private boolean awaitsRun;
    private boolean arrived;

    /**
     * Of one that begins.
     *
     * @param memoryBytes of the guest
     */
    MoveReport(Move move, HandOffNote.Role role, long memoryBytes, Consumer<MigrationObservation> told) {
        this.told = told;
        this.memoryBytes = memoryBytes;
        this.now = MigrationObservation.newBuilder().setId(move.id()).setSide(switch (role) {
            case SOURCE -> MigrationObservation.Side.SOURCE;
            case DESTINATION -> MigrationObservation.Side.DESTINATION;
        }).setPhase(Phase.PREPARING);
    }

    /** Before anything has happened. */
    synchronized MigrationObservation first() {
        return now.build();
    }

    synchronized void progressed(VmmMigration migration) {
        if (isOver()) {
            return;
        }
        boolean changed = migration.phase() != last;
        last = migration.phase();
        phase(migration).ifPresent(now::setPhase);
        migration.failure().ifPresent(failure -> now.setFailure(failure.kind()).setMessage(failure.message()));
        now.setPasses(migration.passes()).setBytes(migration.bytes()).setBytesPerSecond(migration.bytesPerSecond())
                .setDirtyBytesPerSecond(migration.dirtyBytesPerSecond())
                .setRemainingBytes(migration.remainingBytes() + migration.disks().remainingBytes())
                .setTotalBytes(memoryBytes + migration.disks().totalBytes())
                .setThrottlePercent(migration.throttlePercent()).setElapsed(proto(migration.elapsed()))
                .clearPredictedDowntime().clearLeft();
        migration.predictedDowntime().ifPresent(predicted -> now.setPredictedDowntime(proto(predicted)));
        migration.left().ifPresent(left -> now.setLeft(proto(left)));
        migration.downtime().ifPresent(parts -> now.getDowntimeBuilder().setPausing(proto(parts.total()))
                .setLastPages(proto(parts.lastPages())).setSaving(proto(parts.saving()))
                .setLoading(proto(parts.loading())));
        if (changed || System.nanoTime() - toldNanos >= PERIOD_NANOS) {
            tell();
        }
    }

    private boolean isOver() {
        return now.getPhase() == Phase.COMPLETED || now.getPhase() == Phase.FAILED;
    }

    private static Optional<Phase> phase(VmmMigration migration) {
        return switch (migration.phase()) {
            case NONE, PREPARING, WAITING -> Optional.of(Phase.PREPARING);
            case CONNECTING -> Optional.of(Phase.CONNECTING);
            case COPYING, RECEIVING -> Optional.of(Phase.COPYING);
            case CONVERGED -> Optional.of(Phase.CONVERGED);
            case SWITCHING, SENT, RECEIVED -> Optional.of(Phase.SWITCHING);
            // Whether the migration has failed is for the hand-off to say.
            case FAILED -> Optional.empty();
        };
    }

    /** The guest is about to run here: until {@link #runs} nothing is told of an end. */
    synchronized void awaitRun() {
        awaitsRun = true;
    }

    /** The guest runs here: how long that took at this end, from the wish to commit. */
    synchronized void runs(java.time.Duration commit, java.time.Duration resuming) {
        awaitsRun = false;
        now.getDowntimeBuilder().setCommit(proto(commit)).setResuming(proto(resuming));
        if (arrived) {
            completed();
        }
    }

    synchronized void completed() {
        arrived = true;
        if (!awaitsRun && !isOver()) {
            now.setPhase(Phase.COMPLETED).clearFailure().clearMessage();
            tell();
        }
    }

    /** Told last, as {@link #completed}. */
    synchronized void failed(String why) {
        now.setPhase(Phase.FAILED).setMessage(why);
        if (now.getFailure().isEmpty()) {
            now.setFailure(why.equals("cancelled") ? "CANCELLED" : "FAILED");
        }
        tell();
    }

    private void tell() {
        toldNanos = System.nanoTime();
        told.accept(now.build());
    }

    private static Duration proto(java.time.Duration duration) {
        return Duration.newBuilder().setSeconds(duration.getSeconds()).setNanos(duration.getNano()).build();
    }
}
