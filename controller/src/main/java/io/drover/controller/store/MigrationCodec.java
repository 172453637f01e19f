package io.drover.controller.store;

import io.drover.controller.record.MigrationDowntime;
import io.drover.controller.record.MigrationReport;
import io.drover.controller.record.VmMigration;
import io.drover.proto.state.v1.VmRecord;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** A VM's latest migration as it is in its record, which both of its hosts write, too. */
final class MigrationCodec {
    private MigrationCodec() {}

    static void encode(VmMigration migration, VmRecord.Builder record, int textChars) {
        record.setMigrationCancelReason(VmCodec.cut(migration.cancelReason(), textChars));
        migration.attempt().ifPresent(move -> {
            io.drover.proto.state.v1.Migration.Builder stored = encode(move);
            switch (migration.latest()) {
                case Migration.Preparing(Move _, boolean cancelAsked) -> record.setMigration(stored
                        .setPhase(io.drover.proto.state.v1.Migration.Phase.PREPARING).setCancelRequested(cancelAsked));
                case Migration.Copying(Move _, String address, boolean cancelAsked) ->
                    record.setMigration(stored.setPhase(io.drover.proto.state.v1.Migration.Phase.COPYING)
                            .setAddress(address).setCancelRequested(cancelAsked));
                case Migration.Switching(Move _, String address) -> record.setMigration(
                        stored.setPhase(io.drover.proto.state.v1.Migration.Phase.SWITCHING).setAddress(address));
                case Migration.Committed(Move _) -> record.setLastMigration(
                        stored.setPhase(io.drover.proto.state.v1.Migration.Phase.COMMITTED));
                case Migration.Failed(Move _, String why) -> record.setLastMigration(
                        stored.setPhase(io.drover.proto.state.v1.Migration.Phase.FAILED)
                                .setMessage(VmCodec.cut(why, textChars)));
                case Migration.None() -> throw new IllegalStateException("no migration, but an attempt at one");
            }
            migration.report().ifPresent(report -> record.getLastMigrationBuilder().setReport(encode(report)));
        });
    }

    private static io.drover.proto.state.v1.Migration.Builder encode(Move move) {
        MoveOptions options = move.options();
        return io.drover.proto.state.v1.Migration.newBuilder().setId(move.id()).setSource(move.source().name())
                .setDestination(move.destination().name()).setEpoch(move.epoch())
                .setStartTime(Timestamps.of(Instant.ofEpochMilli(move.startedUnixMillis())))
                .setOptions(io.drover.proto.state.v1.Migration.Options.newBuilder()
                        .setDowntimeMillis(options.downtimeMillis())
                        .setBandwidthBytesPerSecond(options.bandwidthBytesPerSecond())
                        .setStreams(options.streams()).setTimeoutMillis(options.timeoutMillis())
                        .setUnconverged(switch (options.unconverged()) {
                            case STOP_AND_COPY -> io.drover.proto.state.v1.Migration.Unconverged.STOP_AND_COPY;
                            case GIVE_UP -> io.drover.proto.state.v1.Migration.Unconverged.GIVE_UP;
                        })
                        .setCompression(switch (options.compression()) {
                            case NONE -> io.drover.proto.state.v1.Migration.Compression.COMPRESSION_UNSPECIFIED;
                            case LZ4 -> io.drover.proto.state.v1.Migration.Compression.LZ4;
                        }));
    }

    private static io.drover.proto.state.v1.Migration.Report.Builder encode(MigrationReport report) {
        io.drover.proto.state.v1.Migration.Report.Builder stored = io.drover.proto.state.v1.Migration.Report
                .newBuilder().setEndTime(Timestamps.of(report.end())).setBytes(report.bytes())
                .setPasses(report.passes()).setFailure(report.failure());
        report.downtime().ifPresent(downtime -> stored.setPausingMicros(micros(downtime.pausing()))
                .setLastPagesMicros(micros(downtime.lastPages())).setSavingMicros(micros(downtime.saving()))
                .setLoadingMicros(micros(downtime.loading())).setCommitMicros(micros(downtime.commit()))
                .setResumingMicros(micros(downtime.resuming())));
        return stored;
    }

    private static long micros(Duration duration) {
        return Math.max(0, duration.toNanos() / 1_000);
    }

    /**
     * Reads it.
     *
     * @throws IllegalArgumentException when the record contradicts itself
     */
    static VmMigration decode(VmRecord record) {
        String reason = record.getMigrationCancelReason();
        if (record.hasMigration()) {
            Migration underWay = decode(record.getMigration());
            if (!underWay.isUnderWay()) {
                throw new IllegalArgumentException("phase of migration " + record.getMigration().getId() + " : "
                        + record.getMigration().getPhase() + " (expected: one that is under way)");
            }
            return new VmMigration(underWay, reason, Optional.empty());
        }
        if (!record.hasLastMigration()) {
            return VmMigration.NONE;
        }
        Migration ended = decode(record.getLastMigration());
        if (ended.isUnderWay()) {
            throw new IllegalArgumentException("phase of migration " + record.getLastMigration().getId() + " : "
                    + record.getLastMigration().getPhase() + " (expected: one that has ended)");
        }
        return new VmMigration(ended, reason, record.getLastMigration().hasReport()
                ? Optional.of(decode(record.getLastMigration().getReport()))
                : Optional.empty());
    }

    private static Migration decode(io.drover.proto.state.v1.Migration stored) {
        Move move = move(stored);
        return switch (stored.getPhase()) {
            case PREPARING -> new Migration.Preparing(move, stored.getCancelRequested());
            case COPYING -> new Migration.Copying(move, stored.getAddress(), stored.getCancelRequested());
            case SWITCHING -> new Migration.Switching(move, stored.getAddress());
            case COMMITTED -> new Migration.Committed(move);
            case FAILED -> new Migration.Failed(move, stored.getMessage());
            case PHASE_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalArgumentException("phase of migration "
                    + stored.getId() + " : " + stored.getPhaseValue() + " (expected: 1 to 5)");
        };
    }

    private static Move move(io.drover.proto.state.v1.Migration stored) {
        io.drover.proto.state.v1.Migration.Options options = stored.getOptions();
        return new Move(stored.getId(), new HostId(stored.getSource()), new HostId(stored.getDestination()),
                stored.getEpoch(),
                new MoveOptions(options.getDowntimeMillis(), options.getBandwidthBytesPerSecond(), options.getStreams(),
                        switch (options.getUnconverged()) {
                            case STOP_AND_COPY -> MoveOptions.Unconverged.STOP_AND_COPY;
                            case GIVE_UP -> MoveOptions.Unconverged.GIVE_UP;
                            case UNCONVERGED_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalArgumentException(
                                    "unconverged : " + options.getUnconvergedValue() + " (expected: 1 or 2)");
                        }, options.getTimeoutMillis(),
                        // One that this release does not know is none: then nothing is compressed.
                        options.getCompression() == io.drover.proto.state.v1.Migration.Compression.LZ4
                                ? MoveOptions.Compression.LZ4
                                : MoveOptions.Compression.NONE),
                Timestamps.read(stored.getStartTime()).toEpochMilli());
    }

    private static MigrationReport decode(io.drover.proto.state.v1.Migration.Report stored) {
        MigrationDowntime downtime = new MigrationDowntime(micros(stored.getPausingMicros()),
                micros(stored.getLastPagesMicros()), micros(stored.getSavingMicros()),
                micros(stored.getLoadingMicros()), micros(stored.getCommitMicros()),
                micros(stored.getResumingMicros()));
        return new MigrationReport(Timestamps.read(stored.getEndTime()), stored.getBytes(), stored.getPasses(),
                stored.getFailure(),
                downtime.equals(MigrationDowntime.NONE) ? Optional.empty() : Optional.of(downtime));
    }

    private static Duration micros(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }
}
