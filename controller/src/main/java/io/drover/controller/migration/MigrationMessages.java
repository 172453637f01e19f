package io.drover.controller.migration;

import com.google.protobuf.Duration;
import io.drover.controller.agent.MigrationSight;
import io.drover.controller.agent.Observation;
import io.drover.controller.agent.Sightings;
import io.drover.controller.record.HostId;
import io.drover.controller.record.MigrationDowntime;
import io.drover.controller.record.MigrationId;
import io.drover.controller.record.MigrationReport;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmMigration;
import io.drover.controller.store.Timestamps;
import io.drover.proto.v1.MigrationOptions;
import io.drover.proto.v1.MigrationProgress;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;

/** Migrations in the public API. */
final class MigrationMessages {
    private MigrationMessages() {}

    /**
     * The latest migration of a VM, which has one.
     *
     * @param sightings tell how far it is
     */
    static io.drover.proto.v1.Migration of(Vm vm, Sightings sightings) {
        Optional<MigrationSight> told = told(vm, vm.migration().source(), sightings)
                .or(() -> told(vm, vm.migration().destination(), sightings));
        io.drover.proto.v1.Migration.Builder message = base(vm);
        told.ifPresent(seen -> message.setProgress(progress(seen)));
        return message.setFailure(failure(vm, sightings)).build();
    }

    /** The same for lists, where many are built at once. */
    static io.drover.proto.v1.Migration inList(Vm vm, Sightings sightings) {
        return base(vm).setFailure(failure(vm, sightings)).build();
    }

    private static io.drover.proto.v1.Migration.Builder base(Vm vm) {
        VmMigration migration = vm.migration();
        Move move = migration.attempt().orElseThrow();
        MigrationId id = migration.id().orElseThrow();
        Instant started = Instant.ofEpochMilli(move.startedUnixMillis());
        io.drover.proto.v1.Migration.Builder message = io.drover.proto.v1.Migration.newBuilder()
                .setName(id.resourceName()).setVm(vm.id().resourceName())
                .setSource(migration.source().orElseThrow().resourceName())
                .setDestination(migration.destination().orElseThrow().resourceName()).setState(state(migration))
                .setMessage(message(migration)).setOptions(options(move.options()))
                .setCancelRequested(migration.underWay().map(Migration.UnderWay::cancelAsked).orElse(false)
                        || !migration.cancelReason().isEmpty())
                .setStartTime(Timestamps.of(started)).setTask(id.task().resourceName());
        migration.report().ifPresent(report -> message.setEndTime(Timestamps.of(report.end()))
                .setReport(report(report, started)));
        return message;
    }

    static io.drover.proto.v1.Migration.State state(VmMigration migration) {
        return switch (migration.latest()) {
            case Migration.Preparing _ -> io.drover.proto.v1.Migration.State.PREPARING;
            case Migration.Copying _ -> io.drover.proto.v1.Migration.State.COPYING;
            case Migration.Switching _ -> io.drover.proto.v1.Migration.State.SWITCHING;
            case Migration.Committed _ -> io.drover.proto.v1.Migration.State.SUCCEEDED;
            case Migration.Failed _ -> io.drover.proto.v1.Migration.State.FAILED;
            case Migration.None() -> io.drover.proto.v1.Migration.State.STATE_UNSPECIFIED;
        };
    }

    /** Why it was called off says more than that its source has given up. */
    private static String message(VmMigration migration) {
        return switch (migration.latest()) {
            case Migration.Failed(Move _, String why) ->
                migration.cancelReason().isEmpty() ? why : migration.cancelReason();
            case Migration.UnderWay _ -> migration.cancelReason();
            case Migration.Committed _ -> "";
            case Migration.None() -> "";
        };
    }

    private static String failure(Vm vm, Sightings sightings) {
        if (!(vm.migration().latest() instanceof Migration.Failed)) {
            return "";
        }
        return Stream.concat(vm.migration().report().map(MigrationReport::failure).stream(),
                Stream.of(vm.migration().source(), vm.migration().destination())
                        .flatMap(host -> told(vm, host, sightings).map(MigrationSight::failure).stream()))
                .filter(word -> !word.isEmpty()).findFirst()
                .orElse(vm.migration().cancelReason().isEmpty() ? "" : "CANCELLED");
    }

    private static Optional<MigrationSight> told(Vm vm, Optional<HostId> host, Sightings sightings) {
        String id = vm.migration().attempt().orElseThrow().id();
        return sightings.of(host.orElseThrow(), vm.uid()).flatMap(Observation::migration)
                .filter(seen -> seen.id().equals(id));
    }

    static MigrationOptions options(MoveOptions options) {
        return MigrationOptions.newBuilder()
                .setDowntime(duration(java.time.Duration.ofMillis(options.downtimeMillis())))
                .setBandwidthBytesPerSecond(options.bandwidthBytesPerSecond()).setStreams(options.streams())
                .setPolicy(switch (options.unconverged()) {
                    case STOP_AND_COPY -> MigrationOptions.Policy.STOP_AND_COPY;
                    case GIVE_UP -> MigrationOptions.Policy.GIVE_UP;
                }).setTimeout(duration(java.time.Duration.ofMillis(options.timeoutMillis())))
                .setCompression(switch (options.compression()) {
                    case NONE -> MigrationOptions.Compression.COMPRESSION_UNSPECIFIED;
                    case LZ4 -> MigrationOptions.Compression.LZ4;
                }).build();
    }

    private static MigrationProgress progress(MigrationSight seen) {
        MigrationProgress.Builder message = MigrationProgress.newBuilder().setPhase(switch (seen.phase()) {
            case UNKNOWN -> MigrationProgress.Phase.PHASE_UNSPECIFIED;
            case PREPARING -> MigrationProgress.Phase.PREPARING;
            case CONNECTING -> MigrationProgress.Phase.CONNECTING;
            case COPYING -> MigrationProgress.Phase.COPYING;
            case CONVERGED -> MigrationProgress.Phase.CONVERGED;
            case SWITCHING -> MigrationProgress.Phase.SWITCHING;
            case COMPLETED -> MigrationProgress.Phase.COMPLETED;
            case FAILED -> MigrationProgress.Phase.FAILED;
        }).setPasses(seen.passes()).setSentBytes(seen.bytes()).setBytesPerSecond(seen.bytesPerSecond())
                .setDirtyBytesPerSecond(seen.dirtyBytesPerSecond()).setRemainingBytes(seen.remainingBytes())
                .setTotalBytes(seen.totalBytes()).setThrottlePercent(seen.throttlePercent())
                .setElapsed(duration(seen.elapsed()));
        seen.predictedDowntime().ifPresent(time -> message.setPredictedDowntime(duration(time)));
        seen.left().ifPresent(time -> message.setLeft(duration(time)));
        return message.build();
    }

    private static io.drover.proto.v1.MigrationReport report(MigrationReport report, Instant started) {
        io.drover.proto.v1.MigrationReport.Builder message = io.drover.proto.v1.MigrationReport.newBuilder()
                .setTotalTime(duration(java.time.Duration.between(started, report.end())))
                .setSentBytes(report.bytes()).setPasses(report.passes());
        report.downtime().ifPresent(downtime -> message.setDowntime(downtime(downtime)));
        return message.build();
    }

    private static io.drover.proto.v1.MigrationDowntime downtime(MigrationDowntime downtime) {
        return io.drover.proto.v1.MigrationDowntime.newBuilder().setTotal(duration(downtime.total()))
                .setPausing(duration(downtime.pausing())).setLastPages(duration(downtime.lastPages()))
                .setSaving(duration(downtime.saving())).setLoading(duration(downtime.loading()))
                .setCommit(duration(downtime.commit())).setResuming(duration(downtime.resuming())).build();
    }

    private static Duration duration(java.time.Duration time) {
        java.time.Duration positive = time.isNegative() ? java.time.Duration.ZERO : time;
        return Duration.newBuilder().setSeconds(positive.getSeconds()).setNanos(positive.getNano()).build();
    }
}
