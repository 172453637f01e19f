package io.drover.controller.reconcile;

import io.drover.controller.agent.Agent;
import io.drover.controller.agent.Answer;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.Observation;
import io.drover.controller.record.DeviceChange;
import io.drover.controller.record.HostSession;
import io.drover.controller.record.Owner;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.store.CommitException;
import io.drover.controller.store.Store;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has the owner of a VM begin, change and end its run. */
final class OwnerRuns {
    private static final Logger log = LoggerFactory.getLogger(OwnerRuns.class);
    /** A host that fails to begin a run is asked so often under one epoch, with back-off, before the VM goes elsewhere. */
    private static final int TRIES_ON_A_HOST = 3;
    /** An agent that took a stop and then tells nothing is asked again. */
    private static final Duration STOP_CHECK = Duration.ofSeconds(10);

    private final Store store;
    private final HostLinks links;
    private final RunRequests requests;
    private final VmWrites writes;
    private final Backoff backoff;
    private final KeyedWork<VmId> work;
    private final Clock clock;
    private final ReconcileListener listener;
    /** By uid. */
    private final Map<String, StopAsked> stopsAsked = new ConcurrentHashMap<>();

    /** An agent that was restarted since has forgotten the grace it was to wait. */
    private record StopAsked(long generation, String incarnation) {}

    OwnerRuns(Store store, HostLinks links, RunRequests requests, VmWrites writes, Backoff backoff,
            KeyedWork<VmId> work, Clock clock, ReconcileListener listener) {
        this.store = store;
        this.links = links;
        this.requests = requests;
        this.writes = writes;
        this.backoff = backoff;
        this.work = work;
        this.clock = clock;
        this.listener = listener;
    }

    /** Whether the owner was asked to stop what it runs, in this generation of the VM and this life of its agent. */
    boolean stopAsked(Vm vm, Owner owner) {
        return stopOf(vm, owner).equals(stopsAsked.get(vm.uid()));
    }

    private StopAsked stopOf(Vm vm, Owner owner) {
        return new StopAsked(vm.generation(),
                store.view().session(owner.host()).map(HostSession::incarnation).orElse(""));
    }

    /** The VM is deleted. */
    void forget(Vm vm) {
        stopsAsked.remove(vm.uid());
    }

    void start(Versioned<Vm> known, Owner owner) throws CommitException, InterruptedException {
        Vm vm = known.value();
        switch (requests.plan(vm, owner)) {
            case RunPlan.Impossible(String why) -> writes.write(known,
                    VmSteps.over(vm, new RunEnd(RunEnd.Cause.START_FAILED, why, clock.instant()), 0, clock.instant()));
            case RunPlan.Ready ready -> start(known, owner, ready);
        }
    }

    private void start(Versioned<Vm> known, Owner owner, RunPlan.Ready plan)
            throws CommitException, InterruptedException {
        Vm vm = known.value();
        Optional<Agent> agent = links.agent(owner.host());
        if (agent.isEmpty()) {
            return;
        }
        Answer<Optional<Observation>> answer = requests.ask(owner.host(), agent.get(), plan, Agent::start);
        switch (answer) {
            case Answer.Done<Optional<Observation>>(Optional<Observation> seen) -> {
                backoff.succeeded(vm.id());
                seen.ifPresent(run -> links.sightings().put(owner.host(), run));
                work.submit(vm.id());
            }
            case Answer.Refused<Optional<Observation>>(Answer.Why why, String message) -> {
                switch (why) {
                    case HOST_CANNOT -> {
                        log.info("{}: {} refused: {}", vm.id(), owner.host(), message);
                        listener.refused();
                        writes.write(known, vm.refused(owner.host(), message, clock.instant()));
                    }
                    case HOST_FAILED -> failed(known, owner, agent.get(), message);
                    case EPOCH_SPENT -> writes.write(known, VmSteps.over(vm,
                            new RunEnd(RunEnd.Cause.KILLED, message, clock.instant()), 0, clock.instant()));
                    case BAD_REQUEST -> writes.write(known, VmSteps.over(vm,
                            new RunEnd(RunEnd.Cause.START_FAILED, message, clock.instant()), 0, clock.instant()));
                    case NOT_OWNER -> {
                        // One of us has not seen the newest record yet.
                        store.refresh();
                        writes.again(known,
                                owner.host().resourceName() + " does not see itself as the owner yet: " + message);
                    }
                    case FILE_MISSING -> {
                        links.forgetFiles(owner.host());
                        writes.again(known, owner.host().resourceName() + ": " + message);
                    }
                    case SAVED_STATE_MISSING -> writes.write(known, VmSteps.over(vm, Optional.empty(),
                            new RunEnd(RunEnd.Cause.START_FAILED, message, clock.instant()), 0, clock.instant()));
                    case NOT_THERE, NO_SUCH_MIGRATION ->
                        writes.again(known, owner.host().resourceName() + ": " + message);
                }
            }
            case Answer.None<Optional<Observation>>(String message) ->
                writes.again(known, owner.host().resourceName() + " has not answered, asked again: " + message);
        }
    }

    /** The host failed before it began the run: it is asked a few times more, and then another. */
    private void failed(Versioned<Vm> known, Owner owner, Agent agent, String message)
            throws CommitException, InterruptedException {
        if (backoff.failures(known.value().id()) < TRIES_ON_A_HOST - 1) {
            writes.again(known, owner.host().resourceName() + " failed to start it, asked again: " + message);
        } else if (spent(known, owner, agent)) {
            listener.refused();
            Instant now = clock.instant();
            writes.write(known,
                    VmSteps.over(known.value(), new RunEnd(RunEnd.Cause.HOST_FAILED, message, now), 0, now));
        }
    }

    /**
     * Makes sure that a host which has nothing of a run never begins it, before its ownership is given up. A request to
     * start may still be on its way there; the agent would compare it with the record, but between its look and its start the
     * record may change, and then the VM would run for the moment that the agent needs to notice, perhaps beside its next
     * owner. A stop takes that away: the agent lets it wait for a start that is under way, and refuses those that come later.
     *
     * @return whether the owner has said so
     */
    private boolean spent(Versioned<Vm> known, Owner owner, Agent agent) throws CommitException, InterruptedException {
        Vm vm = known.value();
        switch (agent.stop(RunRequests.run(vm, owner.epoch()), Duration.ZERO)) {
            case Answer.Done<Optional<Observation>>(Optional<Observation> seen) -> {
                // It has begun after all, and ends now: that end decides.
                seen.ifPresent(run -> links.sightings().put(owner.host(), run));
                work.submit(vm.id());
                return false;
            }
            case Answer.Refused<Optional<Observation>>(Answer.Why why, String message) -> {
                if (why == Answer.Why.NOT_THERE) {
                    return true;
                }
                writes.again(known, owner.host().resourceName() + " does not give it up, asked again: " + message);
                return false;
            }
            case Answer.None<Optional<Observation>>(String message) -> {
                writes.again(known, owner.host().resourceName() + " has not answered, asked again: " + message);
                return false;
            }
        }
    }

    void stop(Versioned<Vm> known, Owner owner, Duration grace) throws CommitException, InterruptedException {
        Vm vm = known.value();
        Optional<Agent> agent = links.agent(owner.host());
        if (agent.isEmpty()) {
            return;
        }
        StopAsked asked = stopOf(vm, owner);
        switch (agent.get().stop(RunRequests.run(vm, owner.epoch()), grace)) {
            case Answer.Done<Optional<Observation>>(Optional<Observation> seen) -> {
                backoff.succeeded(vm.id());
                stopsAsked.put(vm.uid(), asked);
                seen.ifPresent(run -> links.sightings().put(owner.host(), run));
                work.submit(vm.id());
                if (links.sightings().of(owner.host(), vm.uid()).isEmpty()) {
                    work.submitLater(vm.id(), STOP_CHECK);
                }
            }
            case Answer.Refused<Optional<Observation>>(Answer.Why why, String message) -> {
                if (why == Answer.Why.NOT_THERE) {
                    writes.write(known,
                            VmSteps.over(vm, new RunEnd(RunEnd.Cause.KILLED, "stopped before it ran", clock.instant()),
                                    0,
                                    clock.instant()));
                } else {
                    writes.again(known, owner.host().resourceName() + " refuses to stop it, asked again: " + message);
                }
            }
            case Answer.None<Optional<Observation>>(String message) ->
                writes.again(known, owner.host().resourceName() + " has not answered, asked again: " + message);
        }
    }

    void suspend(Versioned<Vm> known, Owner owner) throws CommitException, InterruptedException {
        Vm vm = known.value();
        Optional<Agent> agent = links.agent(owner.host());
        if (agent.isEmpty()) {
            return;
        }
        switch (agent.get().suspend(RunRequests.run(vm, owner.epoch()))) {
            case Answer.Done<Optional<Observation>>(Optional<Observation> seen) -> {
                seen.ifPresent(run -> links.sightings().put(owner.host(), run));
                if (seen.filter(run -> run.ended() || run.saving().isPresent()).isPresent()) {
                    backoff.succeeded(vm.id());
                    work.submit(vm.id());
                } else {
                    writes.again(known, owner.host().resourceName() + " does not save it yet, asked again");
                }
            }
            case Answer.Refused<Optional<Observation>>(Answer.Why why, String message) -> {
                switch (why) {
                    case HOST_CANNOT, BAD_REQUEST ->
                        writes.write(known, vm.notSuspended(message, clock.instant()));
                    case HOST_FAILED, NOT_OWNER, EPOCH_SPENT, NOT_THERE, NO_SUCH_MIGRATION, FILE_MISSING,
                            SAVED_STATE_MISSING ->
                        writes.again(known,
                                owner.host().resourceName() + " does not save it, asked again: " + message);
                }
            }
            case Answer.None<Optional<Observation>>(String message) ->
                writes.again(known, owner.host().resourceName() + " has not answered, asked again: " + message);
        }
    }

    /** Its end, one way or the other, is observed. */
    void cancelSuspension(Versioned<Vm> known, Owner owner) throws CommitException, InterruptedException {
        Vm vm = known.value();
        Optional<Agent> agent = links.agent(owner.host());
        if (agent.isEmpty()) {
            return;
        }
        switch (agent.get().cancelSuspension(RunRequests.run(vm, owner.epoch()))) {
            case Answer.Done<Optional<Observation>>(Optional<Observation> _) -> backoff.succeeded(vm.id());
            case Answer.Refused<Optional<Observation>>(Answer.Why _, String message) -> writes.again(known,
                    owner.host().resourceName() + " does not let it run on, asked again: " + message);
            case Answer.None<Optional<Observation>>(String message) ->
                writes.again(known, owner.host().resourceName() + " has not answered, asked again: " + message);
        }
    }

    void changeDevice(Versioned<Vm> known, Owner owner, DeviceChange change)
            throws CommitException, InterruptedException {
        Vm vm = known.value();
        Optional<Agent> agent = links.agent(owner.host());
        if (agent.isEmpty()) {
            return;
        }
        RunPlan plan = requests.plan(vm, owner);
        if (!(plan instanceof RunPlan.Ready ready)) {
            writes.write(known, vm.devicesNotChanged(((RunPlan.Impossible) plan).why()));
            return;
        }
        Answer<Optional<Observation>> answer = requests.ask(owner.host(), agent.get(), ready,
                (asked, order) -> asked.change(order, change));
        switch (answer) {
            case Answer.Done<Optional<Observation>>(Optional<Observation> seen) -> {
                seen.ifPresent(run -> links.sightings().put(owner.host(), run));
                if (seen.filter(run -> run.devices().generation() >= change.generation()).isPresent()) {
                    backoff.succeeded(vm.id());
                    work.submit(vm.id());
                } else {
                    writes.again(known, owner.host().resourceName() + " does not change it yet, asked again");
                }
            }
            case Answer.Refused<Optional<Observation>>(Answer.Why why, String message) -> {
                switch (why) {
                    case HOST_CANNOT, BAD_REQUEST -> writes.write(known, vm.devicesNotChanged(message));
                    case HOST_FAILED, NOT_OWNER, EPOCH_SPENT, NOT_THERE, NO_SUCH_MIGRATION, SAVED_STATE_MISSING ->
                        writes.again(known,
                                owner.host().resourceName() + " does not change it, asked again: " + message);
                    case FILE_MISSING -> {
                        links.forgetFiles(owner.host());
                        writes.again(known, owner.host().resourceName() + ": " + message);
                    }
                }
            }
            case Answer.None<Optional<Observation>>(String message) ->
                writes.again(known, owner.host().resourceName() + " has not answered, asked again: " + message);
        }
    }

    void look(Versioned<Vm> known, Owner owner) throws CommitException, InterruptedException {
        Vm vm = known.value();
        Optional<Agent> agent = links.agent(owner.host());
        if (agent.isEmpty()) {
            return;
        }
        Answer<Optional<Observation>> answer = agent.get().look(vm.uid());
        if (!(answer instanceof Answer.Done<Optional<Observation>>(Optional<Observation> seen))) {
            writes.again(known, owner.host().resourceName() + " does not tell what it runs, asked again");
        } else if (seen.filter(run -> run.epoch() == owner.epoch()).isPresent()) {
            backoff.succeeded(vm.id());
            links.sightings().put(owner.host(), seen.get());
            work.submit(vm.id());
        } else if (spent(known, owner, agent.get())) {
            writes.write(known, VmSteps.over(vm, new RunEnd(RunEnd.Cause.VMM_FAILED,
                    owner.host().resourceName() + " has nothing of it any more", clock.instant()), 0, clock.instant()));
        }
    }
}
