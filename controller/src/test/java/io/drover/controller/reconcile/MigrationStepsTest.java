package io.drover.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.agent.HostReach;
import io.drover.controller.agent.MigrationSight;
import io.drover.controller.agent.Observation;
import io.drover.controller.record.Desired;
import io.drover.controller.record.HostId;
import io.drover.controller.record.MigrationDowntime;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Phase;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmMigration;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every phase of a migration × what is wanted × what the owner's host tells or how it is out of reach. */
final class MigrationStepsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final HostId H1 = new HostId("h1");
    private static final HostId H2 = new HostId("h2");
    private static final Move MOVE = new Move("m-1", new io.drover.scheduler.host.HostId("h1"),
            new io.drover.scheduler.host.HostId("h2"), 1, MoveOptions.AUTO, NOW.toEpochMilli());
    private static final String AT = "h2:7000";
    private static final Desired RUN = new Desired.Running();
    private static final Desired STOP = new Desired.Stopped(Duration.ofSeconds(30));
    private static final Desired DELETE = new Desired.Deleted();
    private static final HostReach READY = new HostReach.Ready();
    private static final HostReach AWAY = new HostReach.Away(NOW);
    private static final HostReach UNREACHABLE = new HostReach.Unreachable(NOW, "no answer");
    private static final HostLoss LOST = new HostLoss.Lost(9);
    private static final Observation.State RUNNING = new Observation.State.Running();
    private static final RunEnd END = new RunEnd(RunEnd.Cause.VMM_FAILED, "why", NOW);
    private static final Observation.State ENDED = new Observation.State.Ended(END);

    private static Vm vm(Desired desired, Migration migration, boolean leased) {
        Vm vm = VmStepsTest.owned(desired, desired instanceof Desired.Running ? Phase.RUNNING : Phase.STOPPING);
        boolean moved = migration instanceof Migration.Committed;
        Owner owner = new Owner(moved ? H2 : H1, moved ? 2 : 1, leased);
        return new Vm(vm.id(), vm.uid(), vm.generation(), vm.spec(), vm.desired(), Optional.of(owner), owner.epoch(),
                vm.status(), vm.lastEnd(), vm.placement(), vm.created(), vm.reboots(), vm.refusals(), vm.remains(),
                vm.disksHost(), vm.saved(), vm.devices(), new VmMigration(migration, "", Optional.empty()));
    }

    private static Observation seen(long epoch, Observation.State state) {
        return new Observation(new VmId("web-1"), "uid-1", epoch, state, "kvm", 0);
    }

    private static Sight sight(HostReach owner, Optional<Observation.State> run, HostLoss loss, Crossing crossing) {
        return new Sight(Optional.of(owner), run.map(state -> seen(1, state)), false, loss, Optional.empty(), crossing);
    }

    private static Crossing crossing(HostReach destination, HostLoss loss, Optional<MigrationSight> atDestination) {
        return new Crossing(Optional.of(READY), Optional.of(destination), loss, Optional.empty(), atDestination, false);
    }

    private static final Crossing NOT_ASKED = crossing(READY, new HostLoss.None(), Optional.empty());

    static MigrationSight told(MigrationSight.Phase phase, Optional<MigrationDowntime> downtime) {
        return new MigrationSight("m-1", phase, phase == MigrationSight.Phase.FAILED ? "CUT" : "", "said so", 3, 5000,
                0,
                0, 0, 0, Optional.empty(), 0, Duration.ZERO, Optional.empty(), downtime);
    }

    private static VmStep next(Vm vm, Sight sight) {
        return VmSteps.next(vm, sight, NOW);
    }

    static Stream<Arguments> everyStateOfTheOwner() {
        List<Arguments> all = new ArrayList<>();
        for (Desired desired : List.of(RUN, STOP, DELETE)) {
            for (boolean leased : List.of(true, false)) {
                for (HostReach reach : List.of(READY, AWAY, UNREACHABLE)) {
                    for (HostLoss loss : List.of(new HostLoss.None(), LOST)) {
                        for (Optional<Observation.State> run : List.of(Optional.<Observation.State>empty(),
                                Optional.of(RUNNING), Optional.of(ENDED))) {
                            all.add(Arguments.of(desired, leased, reach, loss, run));
                        }
                    }
                }
            }
        }
        return all.stream();
    }

    /** Nobody but its two hosts decides then: not about an end, not about a stop, not about a host that is lost. */
    @ParameterizedTest
    @MethodSource("everyStateOfTheOwner")
    void whileItSwitchesNothingIsDoneUnlessBothHostsAreLost(Desired desired, boolean leased, HostReach reach,
            HostLoss loss, Optional<Observation.State> run) {
        Vm vm = vm(desired, new Migration.Switching(MOVE, AT), leased);
        assertThat(next(vm, sight(reach, run, loss, crossing(READY, new HostLoss.None(), Optional.empty()))))
                .isEqualTo(new VmStep.Await(H2));
        assertThat(next(vm, sight(reach, run, loss, crossing(AWAY, new HostLoss.None(), Optional.empty()))))
                .isEqualTo(new VmStep.Await(H2));
        VmStep both = next(vm, sight(reach, run, loss, crossing(AWAY, new HostLoss.Lost(4), Optional.empty())));
        if (leased && reach.equals(AWAY) && loss.equals(LOST)) {
            assertThat(both).isEqualTo(new VmStep.TakeOver(new Owner(H1, 1, true), 9,
                    Optional.of(new VmStep.LostHost(H2, 4))));
            Vm free = VmSteps.fencedOff(vm, END, Set.of(H1, H2), NOW);
            assertThat(free.migration().latest()).isInstanceOf(Migration.Failed.class);
            assertThat(free.lastEpoch()).isEqualTo(2);
        } else {
            assertThat(both).isInstanceOf(VmStep.Await.class);
        }
    }

    /** As without a migration, which ends with the ownership of its source. */
    @ParameterizedTest
    @MethodSource("everyStateOfTheOwner")
    void beforeItSwitchesTheSourceIsTheOwnerLikeAnyOther(Desired desired, boolean leased, HostReach reach,
            HostLoss loss, Optional<Observation.State> run) {
        Crossing begun = crossing(READY, new HostLoss.None(),
                Optional.of(told(MigrationSight.Phase.PREPARING, Optional.empty())));
        for (Migration migration : List.of(new Migration.Preparing(MOVE, false), new Migration.Preparing(MOVE, true),
                new Migration.Copying(MOVE, AT, false), new Migration.Copying(MOVE, AT, true))) {
            VmStep step = next(vm(desired, migration, leased), sight(reach, run, loss, begun));
            VmStep without = next(vm(desired, new Migration.None(), leased), sight(reach, run, loss, Crossing.NONE));
            if (without instanceof VmStep.Write(Vm then) && then.owner().isEmpty()) {
                Vm ended = ((VmStep.Write) step).next();
                assertThat(ended.owner()).isEmpty();
                assertThat(ended.phase()).isEqualTo(then.phase());
                assertThat(ended.migration().latest()).isEqualTo(new Migration.Failed(MOVE, "the VM's run has ended"));
            } else {
                assertThat(step).isEqualTo(without);
            }
        }
    }

    @Test
    void theDestinationIsAskedUntilItTellsThatItHasBegun() {
        Vm vm = vm(RUN, new Migration.Preparing(MOVE, false), false);
        Sight asked = sight(READY, Optional.of(RUNNING), new HostLoss.None(), NOT_ASKED);
        assertThat(next(vm, asked)).isEqualTo(new VmStep.Receive(H2));
        for (Vm other : List.of(vm(RUN, new Migration.Copying(MOVE, AT, false), false),
                vm(RUN, new Migration.Preparing(MOVE, true), false),
                vm(STOP, new Migration.Preparing(MOVE, false), false),
                vm(DELETE, new Migration.Preparing(MOVE, false), false))) {
            assertThat(next(other, asked)).isNotInstanceOf(VmStep.Receive.class);
        }
        assertThat(next(vm, sight(READY, Optional.of(RUNNING), new HostLoss.None(),
                crossing(UNREACHABLE, new HostLoss.None(), Optional.empty())))).isEqualTo(new VmStep.Rest());
        assertThat(next(vm, sight(UNREACHABLE, Optional.of(RUNNING), new HostLoss.None(), NOT_ASKED)))
                .isEqualTo(new VmStep.Await(H1));
    }

    private static void assertCancelled(VmStep step, String why) {
        Vm next = ((VmStep.Write) step).next();
        assertThat(next.migration().underWay().orElseThrow().cancelAsked()).isTrue();
        assertThat(next.migration().cancelReason()).contains(why);
    }

    @Test
    void whatCannotBePreparedIsCalledOffWithTheReason() {
        Vm vm = vm(RUN, new Migration.Preparing(MOVE, false), false);
        assertCancelled(next(vm, sight(READY, Optional.of(RUNNING), new HostLoss.None(),
                crossing(AWAY, new HostLoss.None(), Optional.empty()))), "hosts/h2 is away");
        assertCancelled(
                next(vm, sight(READY, Optional.of(RUNNING), new HostLoss.None(), new Crossing(Optional.of(READY),
                        Optional.empty(), new HostLoss.None(), Optional.empty(), Optional.empty(), false))),
                "not there any more");
        assertCancelled(next(vm, sight(READY, Optional.of(RUNNING), new HostLoss.None(), crossing(READY,
                new HostLoss.None(), Optional.of(told(MigrationSight.Phase.FAILED, Optional.empty()))))),
                "hosts/h2: said so");
    }

    @Test
    void timeIsOverOnlyBeforeTheSwitch() {
        Sight sight = sight(READY, Optional.of(RUNNING), new HostLoss.None(), NOT_ASKED);
        Instant late = NOW.plusMillis(MoveOptions.AUTO.timeoutMillis());
        for (Migration migration : List.of(new Migration.Preparing(MOVE, false),
                new Migration.Copying(MOVE, AT, false))) {
            assertCancelled(VmSteps.next(vm(RUN, migration, false), sight, late), "not done after 3600 s");
        }
        assertThat(VmSteps.next(vm(RUN, new Migration.Switching(MOVE, AT), false), sight, late))
                .isEqualTo(new VmStep.Await(H2));
        assertThat(VmSteps.next(vm(RUN, new Migration.Copying(MOVE, AT, true), false), sight, late))
                .isEqualTo(new VmStep.Rest());
    }

    private static Sight arrival(Optional<Observation> run, Optional<Observation> earlier, Crossing crossing) {
        return new Sight(Optional.of(READY), run, false, new HostLoss.None(), earlier, crossing);
    }

    @Test
    void aGuestThatHasArrivedButIsNotToldOfYetIsWaitedForWhateverIsWanted() {
        for (Desired desired : List.of(RUN, STOP, DELETE)) {
            Vm vm = vm(desired, new Migration.Committed(MOVE), false);
            assertThat(next(vm,
                    arrival(Optional.empty(), Optional.of(seen(1, new Observation.State.Starting())), NOT_ASKED)))
                    .isEqualTo(new VmStep.Recheck(H2));
            assertThat(next(vm, arrival(Optional.empty(), Optional.of(seen(1, ENDED)), NOT_ASKED)))
                    .as("it is over there").isNotInstanceOf(VmStep.Recheck.class);
        }
        Vm vm = vm(RUN, new Migration.Committed(MOVE), false);
        assertThat(next(vm, arrival(Optional.empty(), Optional.empty(), NOT_ASKED)))
                .isEqualTo(new VmStep.Look(new Owner(H2, 2)));
        assertThat(next(vm, arrival(Optional.of(seen(2, RUNNING)), Optional.empty(), NOT_ASKED)))
                .isEqualTo(new VmStep.Rest());
    }

    @Test
    void whatBothHostsHaveToldIsKeptOnce() {
        Duration ms = Duration.ofMillis(1);
        MigrationSight source = told(MigrationSight.Phase.COMPLETED, Optional.of(new MigrationDowntime(
                ms.multipliedBy(40), ms, ms, ms, Duration.ZERO, Duration.ZERO)));
        MigrationSight there = told(MigrationSight.Phase.COMPLETED, Optional.of(new MigrationDowntime(Duration.ZERO,
                Duration.ZERO, Duration.ZERO, Duration.ZERO, ms.multipliedBy(7), ms.multipliedBy(3))));
        Vm vm = vm(RUN, new Migration.Committed(MOVE), false);
        for (Optional<MigrationSight> one : List.of(Optional.<MigrationSight>empty(), Optional.of(source),
                Optional.of(told(MigrationSight.Phase.SWITCHING, Optional.empty())))) {
            assertThat(next(vm, arrival(Optional.of(seen(2, RUNNING)), Optional.empty(), new Crossing(
                    Optional.of(READY), Optional.of(READY), new HostLoss.None(), one, Optional.empty(), false))))
                    .as("the destination has not told").isEqualTo(new VmStep.Rest());
        }
        Crossing all = new Crossing(Optional.of(READY), Optional.of(READY), new HostLoss.None(), Optional.of(source),
                Optional.of(there), false);
        Vm kept = ((VmStep.Write) next(vm, arrival(Optional.of(seen(2, RUNNING)), Optional.empty(), all))).next();
        assertThat(kept.migration().report().orElseThrow().downtime().orElseThrow().total())
                .isEqualTo(ms.multipliedBy(50));
        assertThat(kept.migration().report().get().bytes()).isEqualTo(5000);
        assertThat(kept.placement().orElseThrow().host()).contains(H2);
        assertThat(next(kept, arrival(Optional.of(seen(2, RUNNING)), Optional.empty(), all)))
                .isEqualTo(new VmStep.Rest());
    }

    @Test
    void aHostThatTellsNothingIsWaitedForOnlySoLong() {
        Vm vm = vm(RUN, new Migration.Committed(MOVE), false);
        Crossing waited = new Crossing(Optional.of(AWAY), Optional.of(READY), new HostLoss.None(), Optional.empty(),
                Optional.of(told(MigrationSight.Phase.COMPLETED, Optional.empty())), true);
        Vm kept = ((VmStep.Write) next(vm, arrival(Optional.of(seen(2, RUNNING)), Optional.empty(), waited))).next();
        assertThat(kept.migration().report().orElseThrow().downtime()).isEmpty();
        Vm failed = vm(RUN, new Migration.Failed(MOVE, "cut"), false);
        Crossing nothingLeft = new Crossing(Optional.of(READY), Optional.of(READY), new HostLoss.None(),
                Optional.of(told(MigrationSight.Phase.FAILED, Optional.empty())), Optional.empty(), false);
        Vm told = ((VmStep.Write) next(failed, arrival(Optional.of(seen(1, RUNNING)), Optional.empty(), nothingLeft)))
                .next();
        assertThat(told.migration().report().orElseThrow().failure()).isEqualTo("CUT");
    }
}
