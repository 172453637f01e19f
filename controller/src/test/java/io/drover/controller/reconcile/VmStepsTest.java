package io.drover.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.agent.HostReach;
import io.drover.controller.agent.Observation;
import io.drover.controller.record.Consoles;
import io.drover.controller.record.Desired;
import io.drover.controller.record.GuestDevices;
import io.drover.controller.record.HaPolicy;
import io.drover.controller.record.HostId;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Placement;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Resources;
import io.drover.controller.record.SavedGuest;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The whole table: what is wanted × what the record says × what the host tells. */
final class VmStepsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final HostId H1 = new HostId("h1");
    private static final Owner OWNER = new Owner(H1, 1);
    private static final Optional<HostReach> READY = Optional.of(new HostReach.Ready());
    private static final Desired RUN = new Desired.Running();
    private static final Desired STOP = new Desired.Stopped(Duration.ofSeconds(30));
    private static final Desired SUSPEND = new Desired.Suspended();
    private static final Desired DELETE = new Desired.Deleted();
    private static final Observation.State STARTING = new Observation.State.Starting();
    private static final Observation.State RUNNING = new Observation.State.Running();
    private static final Observation.State STOPPING = new Observation.State.Stopping();

    static Vm free(Desired desired, Phase phase) {
        VmSpec spec = new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of());
        return Vm.created(new VmId("web-1"), "uid-1", spec, desired, NOW).in(phase, "", NOW);
    }

    static Vm owned(Desired desired, Phase phase) {
        Placement placement = new Placement(Optional.of(H1), "qemu", 1, 1, 1, Map.of(), "", NOW);
        Vm placed = free(RUN, Phase.PENDING).placed(placement, NOW);
        Vm wanted = switch (desired) {
            case Desired.Running() -> placed;
            case Desired.Stopped stop -> placed.askedToStop(stop);
            case Desired.Suspended() -> placed.askedToSuspend(NOW);
            case Desired.Deleted() -> placed.askedToGo(NOW);
        };
        return wanted.in(phase, "", NOW);
    }

    private static Sight sight(Observation.State... state) {
        return new Sight(READY, state.length == 0 ? Optional.empty() : Optional.of(seen(state[0])), false);
    }

    private static Observation seen(Observation.State state) {
        return new Observation(new VmId("web-1"), "uid-1", 1, state, "qemu", 2);
    }

    private static VmStep next(Vm vm, Sight sight) {
        return VmSteps.next(vm, sight, NOW);
    }

    /** What the suspension of {@link #owned} is asked for by. */
    private static final String SUSPENSION = "web-1/2";

    private static Sight saving(String operation, Optional<String> failure) {
        return new Sight(READY, Optional.of(new Observation(new VmId("web-1"), "uid-1", 1, RUNNING, "kvm", 2, false,
                Observation.Devices.AS_CREATED, Optional.empty(),
                Optional.of(new Observation.Saving(operation, failure, 0, 0)), 0)), false);
    }

    private static Vm suspended() {
        return owned(SUSPEND, Phase.SUSPENDING).withSaved(Optional.of(new SavedGuest(H1, 1)))
                .ended(end(RunEnd.Cause.SUSPENDED), 2, Phase.SUSPENDED, NOW);
    }

    /** It is started again. */
    private static Vm goesOn() {
        return suspended().askedToRun(NOW)
                .placed(new Placement(Optional.of(H1), "kvm", 1, 1, 1, Map.of(), "", NOW), NOW);
    }

    /** What the host tells of that start. */
    private static Sight again(Observation.State state, long savedEpoch) {
        return new Sight(READY, Optional.of(new Observation(new VmId("web-1"), "uid-1", 2, state, "kvm", 2, false,
                Observation.Devices.AS_CREATED, Optional.empty(), Optional.empty(), savedEpoch)), false);
    }

    private static Vm written(Vm vm, Sight sight) {
        return ((VmStep.Write) next(vm, sight)).next();
    }

    @Test
    void whatWasSavedIsRememberedUntilItIsUsedUpOrNotWanted() {
        Observation.State saved = new Observation.State.Ended(end(RunEnd.Cause.SUSPENDED));
        Sight first = new Sight(READY, Optional.of(new Observation(new VmId("web-1"), "uid-1", 1, saved, "kvm", 2,
                false, Observation.Devices.AS_CREATED, Optional.empty(), Optional.empty(), 1)), false);
        assertThat(written(owned(SUSPEND, Phase.SUSPENDING), first)).isEqualTo(suspended());
        Vm wantedAgain = written(owned(RUN, Phase.SUSPENDING), first);
        assertThat(wantedAgain.phase()).isEqualTo(Phase.PENDING);
        assertThat(wantedAgain.saved()).contains(new SavedGuest(H1, 1));
        for (Desired desired : List.of(STOP, DELETE)) {
            assertThat(written(owned(desired, Phase.STOPPING), first).saved()).isEmpty();
        }

        Vm couldNot = written(goesOn(), again(saved, 1));
        assertThat(couldNot.phase()).isEqualTo(Phase.FAILED);
        assertThat(couldNot.saved()).contains(new SavedGuest(H1, 1));
        for (RunEnd.Cause cause : List.of(RunEnd.Cause.VMM_FAILED, RunEnd.Cause.KILLED)) {
            Observation.State over = new Observation.State.Ended(end(cause));
            assertThat(written(goesOn(), again(over, 0)).saved()).as("its guest has run").isEmpty();
            assertThat(written(goesOn(), again(over, 1)).saved()).as("before its guest ran").isPresent();
        }
        assertThat(VmSteps.over(goesOn(), end(RunEnd.Cause.HOST_FAILED), 0, NOW).saved()).isPresent();
    }

    @Test
    void suspensionOnALostHostWaitsForItUntilTheVmIsWantedAgain() {
        Vm saving = leased(SUSPEND, Phase.SUSPENDING);
        Vm told = written(saving, away(LOST));
        assertThat(told.owner()).contains(LEASED);
        assertThat(told.status().message()).contains("it was to be saved on hosts/h1");
        assertThat(next(told, away(LOST))).as("said once").isEqualTo(new VmStep.Await(H1));
        assertThat(next(told.askedToRun(NOW), away(LOST))).isEqualTo(new VmStep.TakeOver(LEASED, 9));
        assertThat(VmSteps.fencedOff(saving, end(RunEnd.Cause.KILLED), Set.of(H1), NOW).phase())
                .isEqualTo(Phase.FAILED);
    }

    static Stream<Arguments> table() {
        VmStep rest = new VmStep.Rest();
        return Stream.of(
                // Nobody owns it.
                Arguments.of(free(RUN, Phase.PENDING), sight(), new VmStep.Place()),
                Arguments.of(free(RUN, Phase.STOPPED), sight(), new VmStep.Place()),
                Arguments.of(free(RUN, Phase.FAILED), sight(), rest),
                Arguments.of(free(STOP, Phase.STOPPED), sight(), rest),
                Arguments.of(free(STOP, Phase.FAILED), sight(), rest),
                Arguments.of(free(STOP, Phase.PENDING), sight(), new VmStep.Write(free(STOP, Phase.STOPPED))),
                Arguments.of(free(DELETE, Phase.DELETING), sight(), new VmStep.Erase()),
                // It is owned, and the owner tells of no such run.
                Arguments.of(owned(RUN, Phase.STARTING), sight(), new VmStep.Start(OWNER)),
                Arguments.of(owned(RUN, Phase.RUNNING), sight(), new VmStep.Look(OWNER)),
                Arguments.of(owned(RUN, Phase.STOPPING), sight(), new VmStep.Look(OWNER)),
                Arguments.of(owned(STOP, Phase.STARTING), sight(), new VmStep.Stop(OWNER, Duration.ZERO)),
                Arguments.of(owned(STOP, Phase.RUNNING), sight(), new VmStep.Stop(OWNER, Duration.ZERO)),
                Arguments.of(owned(DELETE, Phase.DELETING), sight(), new VmStep.Stop(OWNER, Duration.ZERO)),
                // It shall run.
                Arguments.of(owned(RUN, Phase.STARTING), sight(STARTING), rest),
                Arguments.of(owned(RUN, Phase.STARTING), sight(RUNNING), new VmStep.Write(owned(RUN, Phase.RUNNING))),
                Arguments.of(owned(RUN, Phase.RUNNING), sight(RUNNING), rest),
                Arguments.of(owned(RUN, Phase.RUNNING), sight(STARTING), rest),
                Arguments.of(owned(RUN, Phase.STOPPING), sight(RUNNING), new VmStep.Write(owned(RUN, Phase.RUNNING))),
                Arguments.of(owned(RUN, Phase.STOPPING), sight(STOPPING), rest),
                Arguments.of(owned(RUN, Phase.RUNNING), sight(STOPPING),
                        new VmStep.Write(owned(RUN, Phase.RUNNING).in(Phase.STOPPING,
                                "started again when it has stopped", NOW))),
                // It shall be saved.
                Arguments.of(owned(SUSPEND, Phase.RUNNING), sight(), new VmStep.Look(OWNER)),
                Arguments.of(owned(SUSPEND, Phase.RUNNING), sight(RUNNING),
                        new VmStep.Write(owned(SUSPEND, Phase.SUSPENDING))),
                Arguments.of(owned(SUSPEND, Phase.SUSPENDING), sight(RUNNING), new VmStep.Suspend(OWNER)),
                Arguments.of(owned(SUSPEND, Phase.SUSPENDING), saving(SUSPENSION, Optional.empty()), rest),
                Arguments.of(owned(SUSPEND, Phase.SUSPENDING), saving("web-1/1", Optional.empty()), rest),
                Arguments.of(owned(SUSPEND, Phase.SUSPENDING), saving("web-1/1", Optional.of("disk full")),
                        new VmStep.Suspend(OWNER)),
                Arguments.of(owned(SUSPEND, Phase.SUSPENDING), saving(SUSPENSION, Optional.of("disk full")),
                        new VmStep.Write(owned(SUSPEND, Phase.SUSPENDING).notSuspended("disk full", NOW))),
                Arguments.of(owned(SUSPEND, Phase.SUSPENDING), sight(STARTING), rest),
                Arguments.of(owned(SUSPEND, Phase.SUSPENDING), sight(STOPPING), rest),
                Arguments.of(owned(RUN, Phase.RUNNING), saving(SUSPENSION, Optional.empty()),
                        new VmStep.Write(owned(RUN, Phase.SUSPENDING))),
                Arguments.of(owned(RUN, Phase.SUSPENDING), saving(SUSPENSION, Optional.empty()),
                        new VmStep.CancelSuspension(OWNER)),
                Arguments.of(owned(RUN, Phase.SUSPENDING), saving(SUSPENSION, Optional.of("called off")),
                        new VmStep.Write(owned(RUN, Phase.RUNNING))),
                Arguments.of(owned(STOP, Phase.SUSPENDING), saving(SUSPENSION, Optional.empty()),
                        new VmStep.Write(owned(STOP, Phase.STOPPING))),
                // It is saved, or was when it was started.
                Arguments.of(suspended(), sight(), rest),
                Arguments.of(suspended().askedToRun(NOW), sight(), new VmStep.Place()),
                Arguments.of(suspended().askedToStop(new Desired.Stopped(Duration.ZERO)), sight(), rest),
                Arguments.of(goesOn(), again(RUNNING, 0),
                        new VmStep.Write(goesOn().in(Phase.RUNNING, "", NOW).withSaved(Optional.empty()))),
                Arguments.of(goesOn(), again(STARTING, 1), rest),
                // It shall not run.
                Arguments.of(owned(STOP, Phase.RUNNING), sight(RUNNING), new VmStep.Write(owned(STOP, Phase.STOPPING))),
                Arguments.of(owned(STOP, Phase.STARTING), sight(STARTING),
                        new VmStep.Write(owned(STOP, Phase.STOPPING))),
                Arguments.of(owned(STOP, Phase.STOPPING), sight(RUNNING),
                        new VmStep.Stop(OWNER, Duration.ofSeconds(30))),
                Arguments.of(owned(STOP, Phase.STOPPING), sight(STOPPING),
                        new VmStep.Stop(OWNER, Duration.ofSeconds(30))),
                Arguments.of(owned(DELETE, Phase.DELETING), sight(RUNNING), new VmStep.Stop(OWNER, Duration.ZERO)),
                Arguments.of(owned(DELETE, Phase.DELETING), sight(STOPPING), new VmStep.Stop(OWNER, Duration.ZERO)));
    }

    @ParameterizedTest
    @MethodSource("table")
    void stepFollowsFromRecordAndSight(Vm vm, Sight sight, VmStep expected) {
        assertThat(next(vm, sight)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void silentOwnerIsWaitedForWhateverIsWanted(Phase phase) {
        for (Desired desired : List.of(RUN, STOP, SUSPEND, DELETE)) {
            for (HostReach reach : List.of(new HostReach.Away(NOW), new HostReach.Unreachable(NOW, "no answer"))) {
                for (Optional<Observation> last : List.of(Optional.<Observation>empty(), Optional.of(seen(RUNNING)),
                        Optional.of(seen(new Observation.State.Ended(end(RunEnd.Cause.KILLED)))))) {
                    assertThat(next(owned(desired, phase), new Sight(Optional.of(reach), last, false)))
                            .isEqualTo(new VmStep.Await(H1));
                }
            }
        }
    }

    @Test
    void stopIsAskedOnceForAGeneration() {
        Sight asked = new Sight(READY, Optional.of(seen(STOPPING)), true);
        assertThat(next(owned(STOP, Phase.STOPPING), asked)).isEqualTo(new VmStep.Rest());
        assertThat(next(owned(DELETE, Phase.DELETING), asked)).isEqualTo(new VmStep.Rest());
    }

    private static RunEnd end(RunEnd.Cause cause) {
        return new RunEnd(cause, "why", NOW);
    }

    static Stream<Arguments> ends() {
        return Stream.of(RunEnd.Cause.values()).flatMap(cause -> Stream.of(
                Arguments.of(STOP, cause, Phase.STOPPED), Arguments.of(DELETE, cause, Phase.DELETING),
                Arguments.of(SUSPEND, cause, switch (cause) {
                    case SUSPENDED -> Phase.SUSPENDED;
                    case GUEST_POWERED_OFF -> Phase.STOPPED;
                    case GUEST_REBOOTED, GUEST_PANICKED, STOPPED, KILLED, VMM_FAILED, START_FAILED, HOST_FAILED ->
                        Phase.FAILED;
                }),
                Arguments.of(RUN, cause, switch (cause) {
                    case GUEST_POWERED_OFF -> Phase.STOPPED;
                    case STOPPED, KILLED, HOST_FAILED, SUSPENDED -> Phase.PENDING;
                    case GUEST_REBOOTED, GUEST_PANICKED, VMM_FAILED, START_FAILED -> Phase.FAILED;
                })));
    }

    @ParameterizedTest
    @MethodSource("ends")
    void endOfARunGivesUpTheOwnerAndKeepsHowAndWhere(Desired desired, RunEnd.Cause cause, Phase then) {
        VmStep step = next(owned(desired, Phase.RUNNING), sight(new Observation.State.Ended(end(cause))));
        Vm after = ((VmStep.Write) step).next();
        assertThat(after.owner()).isEmpty();
        assertThat(after.phase()).isEqualTo(then);
        assertThat(after.lastEnd()).contains(end(cause));
        assertThat(after.remains()).contains(H1);
        assertThat(after.reboots()).isEqualTo(2);
        assertThat(after.lastEpoch()).isEqualTo(1);
        boolean turnedOff = (desired.equals(RUN) || desired.equals(SUSPEND)) && cause == RunEnd.Cause.GUEST_POWERED_OFF;
        assertThat(after.desired()).isEqualTo(turnedOff ? new Desired.Stopped(Duration.ZERO) : desired);
    }

    @Test
    void remainsAreClearedBeforeTheRecordGoes() {
        Vm ended = owned(DELETE, Phase.DELETING).ended(end(RunEnd.Cause.KILLED), 0, Phase.DELETING, NOW);
        assertThat(next(ended, new Sight(READY, Optional.empty(), false))).isEqualTo(new VmStep.Clear(H1));
        assertThat(next(ended, new Sight(Optional.of(new HostReach.Away(NOW)), Optional.empty(), false)))
                .isEqualTo(new VmStep.Await(H1));
        assertThat(next(ended, new Sight(Optional.empty(), Optional.empty(), false)))
                .as("no record of that host any more")
                .isEqualTo(new VmStep.Erase());
    }

    private static Vm leased(Desired desired, Phase phase) {
        VmSpec spec = new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of(), List.of(), List.of(),
                false, Consoles.NONE, Optional.empty(), GuestDevices.NONE, Resources.NONE, 0,
                HaPolicy.RESTART);
        Placement placement = new Placement(Optional.of(H1), "kvm", 1, 1, 1, Map.of(), "", NOW);
        Vm placed = Vm.created(new VmId("web-1"), "uid-1", spec, RUN, NOW).placed(placement, NOW);
        Vm wanted = switch (desired) {
            case Desired.Running() -> placed;
            case Desired.Stopped stop -> placed.askedToStop(stop);
            case Desired.Suspended() -> placed.askedToSuspend(NOW);
            case Desired.Deleted() -> placed.askedToGo(NOW);
        };
        return wanted.in(phase, "", NOW);
    }

    private static Sight away(HostLoss loss) {
        return new Sight(Optional.of(new HostReach.Away(NOW)), Optional.of(seen(RUNNING)), false, loss);
    }

    private static final HostLoss LOST = new HostLoss.Lost(9);
    private static final Owner LEASED = new Owner(H1, 1, true);

    @ParameterizedTest
    @EnumSource(Phase.class)
    void vmThatRanUnderLeasesIsTakenFromALostHostWhateverIsWanted(Phase phase) {
        for (Desired desired : List.of(RUN, STOP, DELETE)) {
            assertThat(next(leased(desired, phase), away(LOST))).isEqualTo(new VmStep.TakeOver(LEASED, 9));
            assertThat(next(leased(desired, phase), away(new HostLoss.None()))).isEqualTo(new VmStep.Await(H1));
            assertThat(next(leased(desired, phase), away(new HostLoss.Waiting(Duration.ofSeconds(1)))))
                    .isEqualTo(new VmStep.Await(H1));
        }
    }

    /** It has a session: its leases may be renewed at any moment. */
    @Test
    void hostThatOnlyTheControllerCannotReachIsNotLost() {
        Sight sight = new Sight(Optional.of(new HostReach.Unreachable(NOW, "no answer")), Optional.empty(), false,
                LOST);
        assertThat(next(leased(RUN, Phase.RUNNING), sight)).isEqualTo(new VmStep.Await(H1));
        assertThat(next(leased(RUN, Phase.RUNNING), new Sight(READY, Optional.of(seen(RUNNING)), false, LOST)))
                .isEqualTo(new VmStep.Rest());
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void vmThatRunsWithoutLeasesIsNeverTakenByItself(Phase phase) {
        for (Desired desired : List.of(RUN, STOP, DELETE)) {
            for (HostLoss loss : List.of(LOST, new HostLoss.Braked(2, 3))) {
                assertThat(next(owned(desired, phase), away(loss))).isEqualTo(new VmStep.Await(H1));
            }
        }
    }

    @Test
    void vmWhoseDisksAreOnTheLostHostIsNotTakenButMayBeStoppedOrDeleted() {
        Vm tied = leased(RUN, Phase.RUNNING).withDisksOn(H1);
        Vm told = ((VmStep.Write) next(tied, away(LOST))).next();
        assertThat(told.owner()).isEqualTo(tied.owner());
        assertThat(told.status().message()).contains("its disks are on hosts/h1 alone");
        assertThat(next(told, away(LOST))).as("said once").isEqualTo(new VmStep.Await(H1));
        for (Desired desired : List.of(STOP, DELETE)) {
            assertThat(next(leased(desired, Phase.STOPPING).withDisksOn(H1), away(LOST)))
                    .isEqualTo(new VmStep.TakeOver(LEASED, 9));
        }
        assertThat(next(leased(RUN, Phase.RUNNING).withDisksOn(new HostId("h2")), away(LOST)))
                .isEqualTo(new VmStep.TakeOver(LEASED, 9));
    }

    @Test
    void brakeWaitsForAPersonAndSaysHowToReleaseIt() {
        Vm told = ((VmStep.Write) next(leased(RUN, Phase.RUNNING), away(new HostLoss.Braked(2, 3)))).next();
        assertThat(told.phase()).isEqualTo(Phase.RUNNING);
        assertThat(told.owner()).contains(LEASED);
        assertThat(told.status().message()).contains("2 of 3 hosts vanished together", "drover host confirm-off h1");
        assertThat(next(told, away(new HostLoss.Braked(2, 3)))).isEqualTo(new VmStep.Await(H1));
        assertThat(next(told, away(LOST))).as("the others are back").isEqualTo(new VmStep.TakeOver(LEASED, 9));
        assertThat(next(told, new Sight(READY, Optional.of(seen(RUNNING)), false)))
                .as("what was said of it is over").isEqualTo(new VmStep.Write(leased(RUN, Phase.RUNNING)));
    }

    @Test
    void vmThatWasTakenHasNoOwnerAndAnEpochUsedUp() {
        for (Desired desired : List.of(RUN, STOP, DELETE)) {
            Vm after = VmSteps.fencedOff(leased(desired, Phase.RUNNING), end(RunEnd.Cause.KILLED), Set.of(H1), NOW);
            assertThat(after.owner()).isEmpty();
            assertThat(after.lastEpoch()).isEqualTo(2);
            assertThat(after.phase()).isEqualTo(switch (desired) {
                case Desired.Running() -> Phase.PENDING;
                case Desired.Stopped(_) -> Phase.STOPPED;
                case Desired.Suspended() -> Phase.FAILED;
                case Desired.Deleted() -> Phase.DELETING;
            });
        }
    }
}
