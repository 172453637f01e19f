package io.drover.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.agent.MigrationSight;
import io.drover.controller.agent.Observation;
import io.drover.controller.record.Desired;
import io.drover.controller.record.HostId;
import io.drover.controller.record.MigrationReport;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Phase;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.SavedGuest;
import io.drover.controller.record.Placement;
import java.util.Map;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmMigration;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is on hosts and should not be. */
final class StraysTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final HostId H1 = new HostId("h1");
    private static final HostId H2 = new HostId("h2");
    private static final RunEnd END = new RunEnd(RunEnd.Cause.KILLED, "", NOW);

    private static Observation seen(String uid, long epoch, boolean ended) {
        return new Observation(new VmId("web-1"), uid, epoch,
                ended ? new Observation.State.Ended(END) : new Observation.State.Running(), "qemu", 0);
    }

    private static Vm ownedByH1() {
        return VmStepsTest.owned(new Desired.Running(), Phase.RUNNING);
    }

    @Test
    void runOfTheOwnerIsInOrder() {
        assertThat(Strays.next(H1, seen("uid-1", 1, false), Optional.of(ownedByH1()))).isEmpty();
        assertThat(Strays.next(H1, seen("uid-1", 1, true), Optional.of(ownedByH1()))).isEmpty();
    }

    @Test
    void runningElsewhereOrUnderAnotherEpochOrUidIsEvicted() {
        assertThat(Strays.next(H2, seen("uid-1", 1, false), Optional.of(ownedByH1())))
                .contains(new VmStep.Evict(H2, seen("uid-1", 1, false)));
        assertThat(Strays.next(H1, seen("uid-1", 9, false), Optional.of(ownedByH1())))
                .contains(new VmStep.Evict(H1, seen("uid-1", 9, false)));
        assertThat(Strays.next(H1, seen("uid-0", 1, false), Optional.of(ownedByH1())))
                .contains(new VmStep.Evict(H1, seen("uid-0", 1, false)));
        assertThat(Strays.next(H1, seen("uid-1", 1, false), Optional.empty()))
                .contains(new VmStep.Evict(H1, seen("uid-1", 1, false)));
    }

    @Test
    void whatEndedIsKeptForItsLogsUntilItRunsElsewhereOrIsDeleted() {
        Vm stopped = ownedByH1().ended(END, 0, Phase.STOPPED, NOW);
        assertThat(Strays.next(H1, seen("uid-1", 1, true), Optional.of(stopped))).isEmpty();
        assertThat(Strays.next(H2, seen("uid-1", 1, true), Optional.of(stopped)))
                .contains(new VmStep.Sweep(H2, seen("uid-1", 1, true)));
        assertThat(Strays.next(H1, seen("uid-1", 1, true), Optional.empty()))
                .contains(new VmStep.Sweep(H1, seen("uid-1", 1, true)));
    }

    @Test
    void whatWasSavedIsKeptWhereTheRecordSaysAndNowhereElse() {
        Vm saved = ownedByH1().withSaved(Optional.of(new SavedGuest(H1, 1)))
                .ended(new RunEnd(RunEnd.Cause.SUSPENDED, "", NOW), 0, Phase.SUSPENDED, NOW);
        Observation there = seen("uid-1", 1, true);
        assertThat(Strays.next(H1, there, Optional.of(saved))).isEmpty();
        assertThat(Strays.next(H2, there, Optional.of(saved))).contains(new VmStep.Sweep(H2, there));
        Placement elsewhere = new Placement(Optional.of(H2), "kvm", 1, 1, 1, Map.of(), "", NOW);
        Vm booted = saved.withSaved(Optional.empty()).askedToRun(NOW).placed(elsewhere, NOW).in(Phase.RUNNING, "", NOW);
        assertThat(Strays.next(H1, there, Optional.of(booted))).contains(new VmStep.Sweep(H1, there));
    }

    private static Observation told(MigrationSight.Phase phase, boolean ended) {
        return new Observation(new VmId("web-1"), "uid-1", 1,
                ended ? new Observation.State.Ended(END) : new Observation.State.Running(), "kvm", 0, false,
                Observation.Devices.AS_CREATED, Optional.of(MigrationStepsTest.told(phase, Optional.empty())),
                Optional.empty(), 0);
    }

    private static Vm moved(Migration migration, boolean reported) {
        Vm vm = ownedByH1();
        boolean there = migration instanceof Migration.Committed;
        return new Vm(vm.id(), vm.uid(), vm.generation(), vm.spec(), vm.desired(),
                Optional.of(there ? new Owner(H2, 2) : new Owner(H1, 1)), there ? 2 : 1, vm.status(), vm.lastEnd(),
                vm.placement(), vm.created(), vm.reboots(), vm.refusals(), vm.remains(), vm.disksHost(), vm.saved(),
                vm.devices(),
                new VmMigration(migration, "",
                        reported ? Optional.of(new MigrationReport(NOW, 0, 0, "", Optional.empty()))
                                : Optional.empty()));
    }

    @Test
    void theOtherHostOfAMigrationEndsItsMachineItselfAndWhatItLeavesIsRemoved() {
        Move move = new Move("m-1", new io.drover.scheduler.host.HostId("h1"),
                new io.drover.scheduler.host.HostId("h2"), 1,
                MoveOptions.AUTO, 0);
        Observation preparing = told(MigrationSight.Phase.PREPARING, false);
        assertThat(Strays.next(H2, preparing, Optional.of(moved(new Migration.Preparing(move, false), false))))
                .isEmpty();
        assertThat(Strays.next(new HostId("h3"), preparing,
                Optional.of(moved(new Migration.Preparing(move, false), false))))
                .contains(new VmStep.Evict(new HostId("h3"), preparing));
        Vm committed = moved(new Migration.Committed(move), false);
        Vm reported = moved(new Migration.Committed(move), true);
        Observation gone = told(MigrationSight.Phase.COMPLETED, true);
        assertThat(Strays.next(H1, gone, Optional.of(committed))).as("it has something to tell").isEmpty();
        assertThat(Strays.next(H1, gone, Optional.of(reported))).contains(new VmStep.Sweep(H1, gone));
        assertThat(Strays.next(H1, told(MigrationSight.Phase.SWITCHING, false), Optional.of(reported))).isEmpty();
        Observation stuck = told(MigrationSight.Phase.COMPLETED, false);
        assertThat(Strays.next(H1, stuck, Optional.of(reported))).contains(new VmStep.Evict(H1, stuck));
        Vm failed = moved(new Migration.Failed(move, ""), true);
        Observation left = told(MigrationSight.Phase.FAILED, true);
        assertThat(Strays.next(H2, left, Optional.of(failed))).contains(new VmStep.Sweep(H2, left));
    }
}
