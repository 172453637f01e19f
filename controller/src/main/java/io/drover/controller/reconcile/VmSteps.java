package io.drover.controller.reconcile;

import io.drover.controller.agent.HostReach;
import io.drover.controller.agent.Observation;
import io.drover.controller.record.Desired;
import io.drover.controller.record.DeviceChange;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Phase;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.SavedGuest;
import io.drover.controller.record.Vm;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The next step for a VM: a pure function of its record and of what is seen of it. Ownership is given up only on the word of
 * the owner, or of a person who vouches that the owner is off, or when the leases under which the owner ran it are over for
 * certain: else silence means waiting.
 */
final class VmSteps {
    private VmSteps() {}

    static VmStep next(Vm vm, Sight sight, Instant now) {
        return MigrationSteps.next(vm, sight, now).orElseGet(() -> vm.owner().isPresent()
                ? owned(vm, vm.owner().get(), sight, now)
                : free(vm, sight, now));
    }

    private static VmStep free(Vm vm, Sight sight, Instant now) {
        return switch (vm.desired()) {
            case Desired.Running() -> vm.phase() == Phase.FAILED ? new VmStep.Rest() : new VmStep.Place();
            case Desired.Stopped(Duration grace) ->
                vm.atRest() ? new VmStep.Rest() : new VmStep.Write(vm.in(Phase.STOPPED, "", now));
            case Desired.Suspended() -> vm.atRest() ? new VmStep.Rest()
                    : new VmStep.Write(vm.in(Phase.FAILED, "it ended before it was saved", now));
            case Desired.Deleted() -> {
                if (vm.remains().isEmpty() || sight.reach().isEmpty()) {
                    yield new VmStep.Erase();
                }
                HostId host = vm.remains().get();
                yield sight.reach().get().ready() ? new VmStep.Clear(host) : new VmStep.Await(host);
            }
        };
    }

    private static VmStep owned(Vm vm, Owner owner, Sight sight, Instant now) {
        if (!sight.reach().map(HostReach::ready).orElse(false)) {
            return silent(vm, owner, sight, now);
        }
        if (sight.run().isEmpty()) {
            return unseen(vm, owner);
        }
        Observation run = sight.run().get();
        if (run.keepsDisks() && !vm.disksHost().equals(Optional.of(owner.host()))) {
            return new VmStep.Write(vm.withDisksOn(owner.host()));
        }
        return switch (run.state()) {
            case Observation.State.Ended(RunEnd end) ->
                new VmStep.Write(over(vm, kept(vm, owner, run, end), end, run.reboots(), now));
            case Observation.State.Starting(),Observation.State.Running(),Observation.State.Stopping() ->
                switch (vm.desired()) {
                    case Desired.Running() -> up(vm, owner, run, now);
                    case Desired.Stopped(Duration grace) -> down(vm, owner, grace, sight, now);
                    case Desired.Suspended() -> saved(vm, owner, run, now);
                    case Desired.Deleted() -> down(vm, owner, Duration.ZERO, sight, now);
                };
        };
    }

    /** The owner does not answer. */
    static VmStep silent(Vm vm, Owner owner, Sight sight, Instant now) {
        if (!owner.leased() || !(sight.reach().orElse(null) instanceof HostReach.Away)) {
            return new VmStep.Await(owner.host());
        }
        return switch (sight.loss()) {
            case HostLoss.None() -> new VmStep.Await(owner.host());
            case HostLoss.Waiting(_) -> new VmStep.Await(owner.host());
            case HostLoss.Braked(int vanished, int hosts) -> waits(vm, owner, vanished + " of " + hosts
                    + " hosts vanished together: not taken over by itself; if its machine is off: drover host confirm-off "
                    + owner.host().value(), now);
            case HostLoss.Lost(int version) -> lost(vm, owner, version, now);
        };
    }

    private static VmStep lost(Vm vm, Owner owner, int version, Instant now) {
        if (vm.desired() instanceof Desired.Running && vm.disksHost().equals(Optional.of(owner.host()))) {
            return waits(vm, owner, "not taken over: its disks are on " + owner.host().resourceName() + " alone", now);
        }
        if (vm.desired() instanceof Desired.Suspended) {
            return waits(vm, owner, "not taken over: it was to be saved on " + owner.host().resourceName()
                    + ", and may be; a start gives that up", now);
        }
        return new VmStep.TakeOver(owner, version);
    }

    private static VmStep waits(Vm vm, Owner owner, String why, Instant now) {
        Vm told = vm.in(vm.phase(), why, now);
        return told.status().equals(vm.status()) ? new VmStep.Await(owner.host()) : new VmStep.Write(told);
    }

    /** The owner is there, but tells of no such run. */
    private static VmStep unseen(Vm vm, Owner owner) {
        return switch (vm.desired()) {
            case Desired.Running() -> vm.phase() == Phase.STARTING ? new VmStep.Start(owner) : new VmStep.Look(owner);
            // A start may be on its way to the host from a controller that led before: the stop meets it there.
            case Desired.Stopped(Duration grace) -> new VmStep.Stop(owner, Duration.ZERO);
            case Desired.Deleted() -> new VmStep.Stop(owner, Duration.ZERO);
            case Desired.Suspended() -> new VmStep.Look(owner);
        };
    }

    /** It shall be saved, and something of it runs. */
    private static VmStep saved(Vm vm, Owner owner, Observation run, Instant now) {
        if (!(run.state() instanceof Observation.State.Running)) {
            // It ends by itself, or its guest reboots and runs again soon.
            return new VmStep.Rest();
        }
        Optional<Observation.Saving> attempt = run.saving()
                .filter(saving -> saving.operation().equals(RunRequests.operation(vm)));
        Optional<String> failure = attempt.flatMap(Observation.Saving::failure);
        if (failure.isPresent()) {
            return new VmStep.Write(vm.notSuspended(failure.get(), now));
        }
        if (vm.phase() != Phase.SUSPENDING) {
            return new VmStep.Write(vm.in(Phase.SUSPENDING, "", now));
        }
        return run.isBeingSaved() ? new VmStep.Rest() : new VmStep.Suspend(owner);
    }

    /** What is kept of the guest after a run: what was saved by it, or what it was to go on from and did not. */
    private static Optional<SavedGuest> kept(Vm vm, Owner owner, Observation run, RunEnd end) {
        boolean wanted = vm.desired() instanceof Desired.Running || vm.desired() instanceof Desired.Suspended;
        boolean itsOwn = end.cause() == RunEnd.Cause.SUSPENDED
                || vm.saved().filter(before -> before.epoch() == run.savedEpoch()).isPresent();
        return wanted && itsOwn && run.savedEpoch() > 0 ? Optional.of(new SavedGuest(owner.host(), run.savedEpoch()))
                : Optional.empty();
    }

    /** It shall run, and something of it does. */
    private static VmStep up(Vm vm, Owner owner, Observation run, Instant now) {
        if (run.isBeingSaved()) {
            // If it is too late for that, it is started again when it is saved.
            return vm.phase() == Phase.SUSPENDING ? new VmStep.CancelSuspension(owner)
                    : new VmStep.Write(vm.in(Phase.SUSPENDING, "", now));
        }
        return switch (run.state()) {
            case Observation.State.Running() ->
                // What was said of it while its host was away is not so any more.
                vm.phase() == Phase.RUNNING && vm.status().message().isEmpty() && vm.saved().isEmpty()
                        ? runs(vm, owner, run.devices())
                        : new VmStep.Write(vm.in(Phase.RUNNING, "", now).withSaved(Optional.empty()));
            case Observation.State.Stopping() -> vm.phase() == Phase.STOPPING
                    ? new VmStep.Rest()
                    : new VmStep.Write(vm.in(Phase.STOPPING, "started again when it has stopped", now));
            case Observation.State.Starting() -> new VmStep.Rest();
            case Observation.State.Ended(_) -> new VmStep.Rest();
        };
    }

    /** It runs, as it shall: are its devices as they shall be? */
    private static VmStep runs(Vm vm, Owner owner, Observation.Devices seen) {
        Optional<DeviceChange> pending = vm.devices().pending();
        if (pending.isEmpty()) {
            boolean inPlace = vm.devices().removedDisks().isEmpty() && vm.devices().addedDisks().isEmpty();
            return inPlace ? new VmStep.Rest() : new VmStep.Write(vm.withDisksInPlace());
        }
        if (seen.generation() < pending.get().generation()) {
            return new VmStep.ChangeDevice(owner, pending.get());
        }
        return switch (seen.progress()) {
            case DONE -> new VmStep.Write(vm.devicesChanged());
            case PENDING -> new VmStep.Rest();
            case FAILED -> new VmStep.Write(vm.devicesNotChanged(seen.message()));
        };
    }

    /** It shall not run, and something of it does. */
    private static VmStep down(Vm vm, Owner owner, Duration grace, Sight sight, Instant now) {
        boolean said = vm.phase() == Phase.STOPPING || vm.phase() == Phase.DELETING;
        if (!said) {
            return new VmStep.Write(vm.in(Phase.STOPPING, "", now));
        }
        return sight.stopAsked() ? new VmStep.Rest() : new VmStep.Stop(owner, grace);
    }

    /**
     * The record after it is certain that the owner runs it no more: its user still wants what was wanted.
     *
     * @param away the hosts that surely run nothing
     * @throws IllegalStateException when the destination of a migration may have the guest
     */
    static Vm fencedOff(Vm vm, RunEnd end, Set<HostId> away, Instant now) {
        return vm.fencedOff(end, switch (vm.desired()) {
            case Desired.Running() -> Phase.PENDING;
            case Desired.Stopped(_) -> Phase.STOPPED;
            case Desired.Suspended() -> Phase.FAILED;
            case Desired.Deleted() -> Phase.DELETING;
        }, away.stream().map(host -> new io.drover.scheduler.host.HostId(host.value()))
                .collect(Collectors.toUnmodifiableSet()), now);
    }

    /** The record after a run that has not begun: what was saved before it still is. */
    static Vm over(Vm vm, RunEnd end, int reboots, Instant now) {
        return over(vm, vm.saved(), end, reboots, now);
    }

    /**
     * The record after a run: what follows depends on what was wanted, and on who ended it.
     *
     * @param kept what there is of the guest to go on from
     */
    static Vm over(Vm before, Optional<SavedGuest> kept, RunEnd end, int reboots, Instant now) {
        Vm vm = before.withSaved(kept);
        return switch (vm.desired()) {
            case Desired.Stopped(Duration grace) -> vm.ended(end, reboots, Phase.STOPPED, now);
            case Desired.Deleted() -> vm.ended(end, reboots, Phase.DELETING, now);
            case Desired.Suspended() -> switch (end.cause()) {
                case SUSPENDED -> vm.ended(end, reboots, Phase.SUSPENDED, now);
                case GUEST_POWERED_OFF -> vm.turnedOff().ended(end, reboots, Phase.STOPPED, now);
                case GUEST_REBOOTED, GUEST_PANICKED, STOPPED, KILLED, VMM_FAILED, START_FAILED, HOST_FAILED ->
                    vm.ended(end, reboots, Phase.FAILED, now);
            };
            case Desired.Running() -> switch (end.cause()) {
                // Wanted again while it was being saved; or it could not go on from what was, which its user must decide about.
                case SUSPENDED ->
                    vm.ended(end, reboots, before.saved().isEmpty() ? Phase.PENDING : Phase.FAILED, now);
                case GUEST_POWERED_OFF -> vm.turnedOff().ended(end, reboots, Phase.STOPPED, now);
                // Asked for by an earlier stop; since then its user wants it to run again.
                case STOPPED, KILLED -> vm.ended(end, reboots, Phase.PENDING, now);
                case HOST_FAILED -> vm.failedBy(vm.owner().orElseThrow().host(), end, reboots, now);
                case GUEST_REBOOTED, GUEST_PANICKED, VMM_FAILED, START_FAILED ->
                    vm.ended(end, reboots, Phase.FAILED, now);
            };
        };
    }
}
