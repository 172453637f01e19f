package io.drover.controller.reconcile;

import io.drover.controller.agent.Agent;
import io.drover.controller.agent.Answer;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.Observation;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.store.CommitException;
import io.drover.controller.store.Store;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has the destination of a migration prepare to receive the guest. */
final class Receiving {
    private static final Logger log = LoggerFactory.getLogger(Receiving.class);
    /** So often, with back-off, a destination is asked to prepare. */
    private static final int TRIES_TO_RECEIVE = 8;

    private final Store store;
    private final HostLinks links;
    private final RunRequests requests;
    private final VmWrites writes;
    private final Backoff backoff;
    private final KeyedWork<VmId> work;
    private final ReconcileListener listener;

    Receiving(Store store, HostLinks links, RunRequests requests, VmWrites writes, Backoff backoff,
            KeyedWork<VmId> work, ReconcileListener listener) {
        this.store = store;
        this.links = links;
        this.requests = requests;
        this.writes = writes;
        this.backoff = backoff;
        this.work = work;
        this.listener = listener;
    }

    /** The destination prepares, with the files put on it first as before a start. What it refuses calls the migration off. */
    void receive(Versioned<Vm> known, HostId destination) throws CommitException, InterruptedException {
        Vm vm = known.value();
        Owner owner = vm.owner().orElseThrow();
        Optional<Agent> agent = links.agent(destination);
        if (agent.isEmpty()) {
            return;
        }
        RunPlan plan = requests.plan(vm, new Owner(destination, owner.epoch(), owner.leased()));
        if (!(plan instanceof RunPlan.Ready ready)) {
            writes.write(known, vm.migrationCancelled(((RunPlan.Impossible) plan).why()));
            return;
        }
        Answer<Optional<Observation>> answer = requests.ask(destination, agent.get(), ready,
                (asked, order) -> asked.receive(order, vm.migration().id().orElseThrow()));
        switch (answer) {
            case Answer.Done<Optional<Observation>>(Optional<Observation> seen) -> {
                seen.ifPresent(run -> links.sightings().put(destination, run));
                // It tells of it from now on, or is asked again.
                work.submitLater(vm.id(), Reconciler.RECHECK);
            }
            case Answer.Refused<Optional<Observation>>(Answer.Why why, String message) -> {
                switch (why) {
                    case HOST_CANNOT, BAD_REQUEST, EPOCH_SPENT, SAVED_STATE_MISSING -> {
                        listener.refused();
                        writes.write(known, vm.migrationCancelled(destination.resourceName() + " refused: " + message));
                    }
                    case NOT_OWNER, NO_SUCH_MIGRATION -> {
                        // One of us has not seen the newest record yet.
                        store.refresh();
                        receiveAgain(known, destination, message);
                    }
                    case FILE_MISSING -> {
                        links.forgetFiles(destination);
                        receiveAgain(known, destination, message);
                    }
                    case HOST_FAILED, NOT_THERE -> receiveAgain(known, destination, message);
                }
            }
            case Answer.None<Optional<Observation>>(String message) -> receiveAgain(known, destination, message);
        }
    }

    private void receiveAgain(Versioned<Vm> known, HostId destination, String why)
            throws CommitException, InterruptedException {
        VmId id = known.value().id();
        if (backoff.failures(id) >= TRIES_TO_RECEIVE) {
            writes.write(known,
                    known.value().migrationCancelled(destination.resourceName() + " does not prepare: " + why));
        } else {
            log.info("{}: {} does not prepare, asked again: {}", id, destination, why);
            work.submitLater(id, backoff.next(id));
        }
    }
}
