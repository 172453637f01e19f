package io.drover.controller.reconcile;

import io.drover.controller.agent.Observation;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Phase;
import io.drover.controller.record.SavedGuest;
import io.drover.controller.record.Vm;
import java.util.Optional;

/** What a host tells of that the records do not want there: a pure function, as {@link VmSteps}. */
final class Strays {
    private Strays() {}

    /**
     * What to do about an observation.
     *
     * @param record of the VM with the observed name, whatever its uid; empty when there is none
     * @return empty when the observation is in order
     */
    static Optional<VmStep> next(HostId host, Observation seen, Optional<Vm> record) {
        Optional<Vm> vm = record.filter(known -> known.uid().equals(seen.uid()));
        boolean owned = vm.flatMap(Vm::owner).map(owner -> owner.host().equals(host)).orElse(false);
        if (owned && vm.get().owner().get().epoch() == seen.epoch()) {
            return Optional.empty();
        }
        if (vm.isPresent() && partOfMigration(host, seen, vm.get())) {
            return Optional.empty();
        }
        if (!seen.ended()) {
            return Optional.of(new VmStep.Evict(host, seen));
        }
        // Of an earlier run, on the host that owns it again: the next start there clears it.
        if (vm.flatMap(Vm::disksHost).equals(Optional.of(host))) {
            // Its disks are beside.
            return Optional.empty();
        }
        if (vm.flatMap(Vm::saved).map(SavedGuest::host).equals(Optional.of(host))) {
            return Optional.empty();
        }
        boolean keptForLogs = vm.isPresent() && (owned
                || (vm.get().remains().equals(Optional.of(host))
                        && !(vm.get().owner().isPresent() && vm.get().phase() == Phase.RUNNING)));
        return keptForLogs ? Optional.empty() : Optional.of(new VmStep.Sweep(host, seen));
    }

    /**
     * The other host of a migration has a machine of the VM, and its agent is the one to end it: while the migration is under
     * way, and after that until it has told all that it knows. What it leaves then is a stray.
     */
    private static boolean partOfMigration(HostId host, Observation seen, Vm vm) {
        boolean takesPart = vm.migration().attempt().filter(move -> move.epoch() == seen.epoch()).isPresent()
                && (vm.migration().source().equals(Optional.of(host))
                        || vm.migration().destination().equals(Optional.of(host)));
        if (!takesPart) {
            return false;
        }
        if (vm.migration().underWay().isPresent() || vm.migration().awaitsReport()) {
            return true;
        }
        String id = vm.migration().attempt().get().id();
        return !seen.ended() && seen.migration().filter(told -> told.id().equals(id) && !told.ended()).isPresent();
    }
}
