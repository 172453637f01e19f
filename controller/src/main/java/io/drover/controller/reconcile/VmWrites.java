package io.drover.controller.reconcile;

import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.store.Change;
import io.drover.controller.store.CommitException;
import io.drover.controller.store.Store;
import io.drover.controller.task.Settlement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes what comes of a VM's steps into its record, with the tasks that end by it in the same transaction. */
final class VmWrites {
    private static final Logger log = LoggerFactory.getLogger(VmWrites.class);

    private final Store store;
    private final Clock clock;
    private final Backoff backoff;
    private final KeyedWork<VmId> work;

    VmWrites(Store store, Clock clock, Backoff backoff, KeyedWork<VmId> work) {
        this.store = store;
        this.clock = clock;
        this.backoff = backoff;
        this.work = work;
    }

    /** Fails when somebody has written the record since. */
    void write(Versioned<Vm> known, Vm next) throws CommitException, InterruptedException {
        List<Change> changes = new ArrayList<>(List.of(new Change.Put(next, known.version())));
        changes.addAll(settled(next.id(), Optional.of(next)));
        store.commitAndWait(changes);
        backoff.succeeded(next.id());
        if (next.phase() != known.value().phase()) {
            log.info("{} is {}{}", next.id(), next.phase(),
                    next.status().message().isEmpty() ? "" : ": " + next.status().message());
        }
    }

    /** Nothing will tell when the step can succeed: it is tried again later, and from the second time on its users see why. */
    void again(Versioned<Vm> known, String why) throws CommitException, InterruptedException {
        Vm vm = known.value();
        boolean before = backoff.failures(vm.id()) > 0;
        work.submitLater(vm.id(), backoff.next(vm.id()));
        log.info("{}: {}", vm.id(), why);
        Vm told = vm.in(vm.phase(), why, clock.instant());
        if (before && !told.status().equals(vm.status())) {
            store.commitAndWait(List.of(new Change.Put(told, known.version())));
        }
    }

    /** Ends the tasks whose end the record shows. */
    void settle(VmId id, Optional<Vm> vm) throws CommitException, InterruptedException {
        List<Change> changes = settled(id, vm);
        if (!changes.isEmpty()) {
            store.commitAndWait(changes);
        }
    }

    /** A task without its VM may only be newer than what is in memory. */
    void settleWithoutVm(VmId id) throws CommitException, InterruptedException {
        if (!store.view().runningTasks(id).isEmpty()) {
            store.refresh();
            settle(id, store.view().vm(id).map(Versioned::value));
        }
    }

    /** For a transaction of the caller's, with which the record becomes this. */
    List<Change> settled(VmId id, Optional<Vm> vm) {
        return Settlement.of(store.view().runningTasks(id), vm, clock.instant());
    }
}
