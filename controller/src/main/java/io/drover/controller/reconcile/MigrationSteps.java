package io.drover.controller.reconcile;

import io.drover.controller.agent.HostReach;
import io.drover.controller.agent.MigrationSight;
import io.drover.controller.agent.Observation;
import io.drover.controller.record.Desired;
import io.drover.controller.record.HostId;
import io.drover.controller.record.MigrationDowntime;
import io.drover.controller.record.MigrationReport;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Vm;
import io.drover.scheduler.migration.Migration;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a controller has to do with a live migration, beyond beginning it, a pure function as {@link VmSteps}: to have the
 * destination prepare, to call off what cannot be, to keep its hands off the VM while its hosts decide where the guest goes on,
 * and to keep what became of it. docs/hand-off.md says what is whose.
 */
final class MigrationSteps {
    private MigrationSteps() {}

    /** Empty: what is to be done next has nothing to do with a migration. */
    static Optional<VmStep> next(Vm vm, Sight sight, Instant now) {
        return switch (vm.migration().latest()) {
            case Migration.None() -> Optional.empty();
            case Migration.Switching _ -> Optional.of(switching(vm, sight, now));
            case Migration.Preparing preparing -> beforeSwitch(vm, preparing, now)
                    .or(() -> preparing.cancelAsked() ? Optional.empty() : preparing(vm, sight));
            case Migration.Copying copying -> beforeSwitch(vm, copying, now);
            case Migration.Committed _,Migration.Failed _ -> ended(vm, sight, now);
        };
    }

    /** A run that has ended at the source may go on at the destination: only when both hosts are lost it is given up. */
    private static VmStep switching(Vm vm, Sight sight, Instant now) {
        Owner owner = vm.owner().orElseThrow();
        HostId destination = vm.migration().destination().orElseThrow();
        if (sight.reach().map(HostReach::ready).orElse(false)
                || !(sight.crossing().destinationLoss() instanceof HostLoss.Lost(int version))) {
            return new VmStep.Await(destination);
        }
        return switch (VmSteps.silent(vm, owner, sight, now)) {
            case VmStep.TakeOver(Owner lost, int lostVersion, var _) -> new VmStep.TakeOver(lost, lostVersion,
                    Optional.of(new VmStep.LostHost(destination, version)));
            case VmStep other -> other;
        };
    }

    private static Optional<VmStep> beforeSwitch(Vm vm, Migration.UnderWay underWay, Instant now) {
        return !underWay.cancelAsked() && !now.isBefore(deadline(underWay))
                ? cancel(vm,
                        "not done after " + Duration.ofMillis(underWay.move().options().timeoutMillis()).toSeconds()
                                + " s, as was asked for")
                : Optional.empty();
    }

    /** When a migration that has not come to its switch is called off. */
    static Instant deadline(Migration.UnderWay underWay) {
        return Instant.ofEpochMilli(underWay.move().startedUnixMillis())
                .plusMillis(underWay.move().options().timeoutMillis());
    }

    /** The destination is asked until it says that it has begun; from then on it tells the record itself. */
    private static Optional<VmStep> preparing(Vm vm, Sight sight) {
        HostId destination = vm.migration().destination().orElseThrow();
        boolean runs = sight.reach().map(HostReach::ready).orElse(false)
                && sight.run().map(run -> run.state() instanceof Observation.State.Running).orElse(false);
        if (!runs || !(vm.desired() instanceof Desired.Running)) {
            return Optional.empty();
        }
        Optional<MigrationSight> seen = sight.crossing().atDestination();
        return switch (sight.crossing().destination().orElse(null)) {
            case null -> cancel(vm, destination.resourceName() + " is not there any more");
            case HostReach.Away(Instant since) -> cancel(vm, destination.resourceName() + " is away since " + since);
            // Its return will be noticed, or the time is over.
            case HostReach.Unreachable _ -> Optional.empty();
            case HostReach.Ready() -> seen.isEmpty() ? Optional.of(new VmStep.Receive(destination))
                    : seen.filter(MigrationSight::ended)
                            .flatMap(end -> cancel(vm, destination.resourceName() + ": "
                                    + (end.message().isEmpty() ? "it could not prepare" : end.message())));
        };
    }

    private static Optional<VmStep> cancel(Vm vm, String why) {
        return Optional.of(new VmStep.Write(vm.migrationCancelled(why)));
    }

    private static Optional<VmStep> ended(Vm vm, Sight sight, Instant now) {
        if (arrives(vm, sight)) {
            return Optional.of(new VmStep.Recheck(vm.owner().orElseThrow().host()));
        }
        return vm.migration().awaitsReport()
                && sight.crossing().told(vm.migration().latest() instanceof Migration.Committed)
                        ? Optional.of(new VmStep.Write(vm.migrationReported(report(sight.crossing(), now))))
                        : Optional.empty();
    }

    /**
     * The guest goes on under a new epoch, by a write of its host's agent, which has not told of it yet: to take it for a run
     * that is missing would end it.
     */
    private static boolean arrives(Vm vm, Sight sight) {
        long before = vm.migration().attempt().orElseThrow().epoch();
        return vm.owner().filter(owner -> owner.epoch() == before + 1).isPresent() && sight.run().isEmpty()
                && sight.reach().map(HostReach::ready).orElse(false)
                && sight.earlier().filter(run -> run.epoch() == before && !run.ended()).isPresent();
    }

    private static MigrationReport report(Crossing crossing, Instant now) {
        Optional<MigrationSight> source = crossing.atSource();
        Optional<MigrationSight> there = crossing.atDestination();
        Optional<MigrationDowntime> downtime = Stream.of(source, there).flatMap(Optional::stream)
                .map(MigrationSight::downtime).flatMap(Optional::stream).reduce(MigrationDowntime::with);
        String failure = Stream.of(source, there).flatMap(Optional::stream).map(MigrationSight::failure)
                .filter(word -> !word.isEmpty()).findFirst().orElse("");
        return new MigrationReport(now, source.or(() -> there).map(MigrationSight::bytes).orElse(0L),
                source.or(() -> there).map(MigrationSight::passes).orElse(0), failure, downtime);
    }
}
