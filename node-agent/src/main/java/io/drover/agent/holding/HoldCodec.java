package io.drover.agent.holding;

import com.google.protobuf.Timestamp;
import io.drover.proto.format.RecordFormat;
import io.drover.proto.state.v1.VmRecord;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import io.drover.scheduler.migration.Owner;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What a VM's record says of ownership. All else in a record stays as it is. */
public final class HoldCodec {
    /** The newest format of a VM's record that this code can obey. */
    static final int NEWEST_FORMAT = RecordFormat.newest(VmRecord.getDescriptor());
    /** More would not fit beside a large spec. */
    private static final int MAX_MESSAGE_CHARS = 120;

    private HoldCodec() {}

    /**
     * Reads it.
     *
     * @throws IllegalArgumentException when the record contradicts itself
     */
    public static Hold decode(VmRecord vm) {
        return new Hold(
                vm.hasOwner()
                        ? Optional.of(new Owner(new HostId(vm.getOwner().getHost()), vm.getOwner().getEpoch()))
                        : Optional.empty(),
                vm.getLastEpoch(), migration(vm));
    }

    private static Migration migration(VmRecord vm) {
        if (vm.hasMigration()) {
            Migration underWay = migration(vm.getMigration());
            if (!underWay.isUnderWay()) {
                throw new IllegalArgumentException("phase of migration " + vm.getMigration().getId() + " : "
                        + vm.getMigration().getPhase() + " (expected: one that is under way)");
            }
            return underWay;
        }
        return vm.hasLastMigration() ? migration(vm.getLastMigration()) : new Migration.None();
    }

    private static Migration migration(io.drover.proto.state.v1.Migration stored) {
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

    static Move move(io.drover.proto.state.v1.Migration stored) {
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
                Duration.ofSeconds(stored.getStartTime().getSeconds(), stored.getStartTime().getNanos()).toMillis());
    }

    /** The record as it was read, with this about ownership. What it says of its owner beside that stays. */
    static VmRecord encode(VmRecord read, Hold hold) {
        VmRecord.Builder record = read.toBuilder().clearOwner().clearMigration().setLastEpoch(hold.lastEpoch());
        hold.owner().ifPresent(owner -> record.setOwner(
                read.getOwner().toBuilder().setHost(owner.host().name()).setEpoch(owner.epoch())));
        hold.migration().attempt().ifPresent(move -> {
            if (hold.migration().isUnderWay()) {
                record.setMigration(migration(hold.migration(), move));
            } else {
                record.setLastMigration(migration(hold.migration(), move));
            }
            if (hold.migration() instanceof Migration.Committed && read.hasMigration()
                    && read.getDisksHost().equals(move.source().name())) {
                // Only a host that takes the disks along is made a destination of a VM that has some.
                record.setDisksHost(move.destination().name());
            }
        });
        return record.setFormat(RecordFormat.of(record)).build();
    }

    private static io.drover.proto.state.v1.Migration.Builder migration(Migration migration, Move move) {
        io.drover.proto.state.v1.Migration.Builder stored = encode(move);
        switch (migration) {
            case Migration.Preparing(Move _, boolean cancelAsked) ->
                stored.setPhase(io.drover.proto.state.v1.Migration.Phase.PREPARING).setCancelRequested(cancelAsked);
            case Migration.Copying(Move _, String address, boolean cancelAsked) ->
                stored.setPhase(io.drover.proto.state.v1.Migration.Phase.COPYING).setAddress(address)
                        .setCancelRequested(cancelAsked);
            case Migration.Switching(Move _, String address) ->
                stored.setPhase(io.drover.proto.state.v1.Migration.Phase.SWITCHING).setAddress(address);
            case Migration.Committed(Move _) ->
                stored.setPhase(io.drover.proto.state.v1.Migration.Phase.COMMITTED);
            case Migration.Failed(Move _, String why) ->
                stored.setPhase(io.drover.proto.state.v1.Migration.Phase.FAILED).setMessage(cut(why));
            case Migration.None() -> throw new IllegalArgumentException("no migration, but an attempt at one");
        }
        return stored;
    }

    static io.drover.proto.state.v1.Migration.Builder encode(Move move) {
        Instant started = Instant.ofEpochMilli(move.startedUnixMillis());
        MoveOptions options = move.options();
        return io.drover.proto.state.v1.Migration.newBuilder().setId(move.id()).setSource(move.source().name())
                .setDestination(move.destination().name()).setEpoch(move.epoch())
                .setStartTime(Timestamp.newBuilder().setSeconds(started.getEpochSecond()).setNanos(started.getNano()))
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

    private static String cut(String text) {
        return text.length() <= MAX_MESSAGE_CHARS ? text : text.substring(0, MAX_MESSAGE_CHARS);
    }
}
