package io.drover.controller.fake;

import com.google.protobuf.Duration;
import io.drover.proto.agent.v1.MigrationObservation;
import io.drover.proto.state.v1.Migration;
import io.drover.proto.state.v1.VmRecord;

/** The two agents of a migration, each of which writes the record and tells its controller as real ones do. */
public final class FakeMigration {
    private final String vm;
    private final FakeAgent source;
    private final FakeAgent destination;

    public FakeMigration(String vm, FakeAgent source, FakeAgent destination) {
        this.vm = vm;
        this.source = source;
        this.destination = destination;
    }

    /** The destination listens. */
    public void listens() {
        destination.writes(vm, record -> record.toBuilder().setMigration(record.getMigration().toBuilder()
                .setPhase(Migration.Phase.COPYING).setAddress("127.0.0.1:7000")).build());
    }

    /** The source is some way through memory. */
    public void copies(long remainingBytes) {
        source.tellsOfMigration(vm, seen(MigrationObservation.Side.SOURCE, MigrationObservation.Phase.COPYING)
                .setPasses(2).setBytes(1000).setBytesPerSecond(100).setDirtyBytesPerSecond(10)
                .setRemainingBytes(remainingBytes).setTotalBytes(2000).setThrottlePercent(20)
                .setPredictedDowntime(millis(250)).setElapsed(millis(10_000)).setLeft(millis(5_000)).build());
    }

    public void switches() {
        source.writes(vm, record -> record.toBuilder()
                .setMigration(record.getMigration().toBuilder().setPhase(Migration.Phase.SWITCHING)).build());
    }

    /** The destination becomes the owner; nobody has told a controller yet. */
    public long commits() {
        return destination.writes(vm, record -> ended(record, Migration.Phase.COMMITTED, "")
                .setOwner(record.getOwner().toBuilder().setHost(record.getMigration().getDestination())
                        .setEpoch(record.getLastEpoch() + 1))
                .setLastEpoch(record.getLastEpoch() + 1)
                .setDisksHost(record.getDisksHost().isEmpty() ? "" : record.getMigration().getDestination())
                .build()).getLastEpoch();
    }

    /** Both tell that the guest goes on at the destination. */
    public void areDone(long epoch) {
        destination.goesOn(vm, epoch, seen(MigrationObservation.Side.DESTINATION, MigrationObservation.Phase.COMPLETED)
                .setDowntime(MigrationObservation.Downtime.newBuilder().setCommit(millis(7)).setResuming(millis(1)))
                .build());
        source.letsGo(vm, seen(MigrationObservation.Side.SOURCE, MigrationObservation.Phase.COMPLETED).setPasses(3)
                .setBytes(5000).setDowntime(MigrationObservation.Downtime.newBuilder().setPausing(millis(42))
                        .setLastPages(millis(20)).setSaving(millis(5)).setLoading(millis(9)))
                .build());
    }

    /** The source takes the guest back before the switch, and both tell so. */
    public void aborts(String why) {
        source.writes(vm, record -> ended(record, Migration.Phase.FAILED, why).build());
        source.tellsOfMigration(vm, seen(MigrationObservation.Side.SOURCE, MigrationObservation.Phase.FAILED)
                .setFailure("CANCELLED").setMessage(why).build());
        if (!destination.runs(vm).isEmpty()) {
            destination.letsGo(vm, seen(MigrationObservation.Side.DESTINATION, MigrationObservation.Phase.FAILED)
                    .setFailure("CUT").build());
        }
    }

    private static VmRecord.Builder ended(VmRecord record, Migration.Phase phase, String why) {
        return record.toBuilder().clearMigration().setFormat(1)
                .setLastMigration(record.getMigration().toBuilder().setPhase(phase).setMessage(why).clearAddress());
    }

    private MigrationObservation.Builder seen(MigrationObservation.Side side, MigrationObservation.Phase phase) {
        String id = destination.calls().stream().filter(call -> call.startsWith("receive ")).reduce((a, b) -> b)
                .map(call -> call.substring(call.lastIndexOf(' ') + 1)).orElseGet(this::idOfRecord);
        return MigrationObservation.newBuilder().setId(id).setSide(side).setPhase(phase);
    }

    private String idOfRecord() {
        VmRecord record = source.writes(vm, same -> same);
        return record.hasMigration() ? record.getMigration().getId() : record.getLastMigration().getId();
    }

    private static Duration millis(long millis) {
        return Duration.newBuilder().setSeconds(millis / 1_000).setNanos((int) (millis % 1_000) * 1_000_000).build();
    }
}
