package io.drover.controller.reconcile;

import io.drover.controller.agent.Agent;
import io.drover.controller.agent.Answer;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.HostListener;
import io.drover.controller.agent.HostReach;
import io.drover.controller.agent.Observation;
import io.drover.controller.agent.RunRef;
import io.drover.controller.agent.Sightings;
import io.drover.controller.file.FileStore;
import io.drover.controller.placement.Placer;
import io.drover.controller.record.DeviceChange;
import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostSession;
import io.drover.controller.record.Image;
import io.drover.controller.record.Owner;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Task;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.store.Change;
import io.drover.controller.store.CommitException;
import io.drover.controller.store.Store;
import io.drover.controller.store.StoreListener;
import io.drover.controller.task.Settlement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings VMs to what their users want, driven by changes: of a record, of what a host tells, of a host's reach. It decides by
 * {@link VmSteps} and carries out one step at a time for each VM. Only the leader works; that two controllers think so at
 * once does no harm, as each change is a compare-and-set and each agent compares with the record itself.
 */
public final class Reconciler implements StoreListener, HostListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Reconciler.class);
    private static final int AT_ONCE = 256;
    /** A host that fails to begin a run is asked so often under one epoch, with back-off, before the VM goes elsewhere. */
    private static final int TRIES_ON_A_HOST = 3;
    /** So often, with back-off, a destination is asked to prepare. */
    private static final int TRIES_TO_RECEIVE = 8;
    /** An agent tells what it sees by itself; this is for one that does not. */
    private static final Duration RECHECK = Duration.ofSeconds(1);
    /** An agent that took a stop and then tells nothing is asked again. */
    private static final Duration STOP_CHECK = Duration.ofSeconds(10);

    private final Store store;
    private final HostLinks links;
    private final Placer placer;
    private final HostAbsences absences;
    private final FileTransfers transfers;
    private final MigrationWatch migrations;
    private final BooleanSupplier leading;
    private final Clock clock;
    private final ReconcileListener listener;
    private final KeyedWork<VmId> work;
    private final Backoff backoff = new Backoff();
    /** By uid. */
    private final Map<String, StopAsked> stopsAsked = new ConcurrentHashMap<>();

    /** An agent that was restarted since has forgotten the grace it was to wait. */
    private record StopAsked(long generation, String incarnation) {}

    public Reconciler(Store store, HostLinks links, Placer placer, FileStore files, BooleanSupplier leading,
            Clock clock,
            ScheduledExecutorService timer, ReconcileListener listener) {
        this.store = store;
        this.links = links;
        this.placer = placer;
        this.transfers = new FileTransfers(files);
        this.leading = leading;
        this.clock = clock;
        this.listener = listener;
        this.work = new KeyedWork<>("reconcile", AT_ONCE, timer, this::reconcile);
        this.absences = new HostAbsences(store, System::nanoTime, timer, this::mayBeLost);
        this.migrations = new MigrationWatch(store, links, absences, clock, work);
    }

    /** What is to hear of the store before this. */
    public StoreListener absences() {
        return absences;
    }

    /** This controller leads from now on: how long hosts have been gone is counted anew. */
    public void begin() {
        absences.restart();
        lookAtAll();
    }

    /** This controller leads, or knows all records anew: whatever is not at rest is looked at. */
    public void lookAtAll() {
        store.view().vms().keySet().forEach(work::submit);
        store.view().targetsOfRunningTasks().forEach(target -> {
            if (target instanceof VmId vm) {
                work.submit(vm);
            }
        });
    }

    @Override
    public void vmChanged(Optional<Versioned<Vm>> before, Optional<Versioned<Vm>> after) {
        submit(after.or(() -> before).orElseThrow().value().id());
    }

    @Override
    public void taskChanged(Optional<Versioned<Task>> before, Optional<Versioned<Task>> after) {
        if (after.isPresent() && after.get().value().running() && after.get().value().target() instanceof VmId vm) {
            submit(vm);
        }
    }

    /** What was waited for on a host that is deleted will never come. */
    @Override
    public void hostChanged(Optional<Versioned<Host>> before, Optional<Versioned<Host>> after) {
        if (after.isEmpty()) {
            store.view().vmsOf(before.orElseThrow().value().id()).forEach(vm -> submit(vm.id()));
        }
    }

    @Override
    public void synced() {
        if (leading.getAsBoolean()) {
            lookAtAll();
        }
    }

    /** What the host tells first is looked at before it counts as ready, so what it must not keep is looked at once more here. */
    @Override
    public void reachChanged(HostId host) {
        if (leading.getAsBoolean()) {
            store.view().vmsOf(host).forEach(vm -> work.submit(vm.id()));
            links.sightings().vmsOn(host).forEach(work::submit);
        }
    }

    private void mayBeLost(HostId host) {
        if (leading.getAsBoolean()) {
            store.view().ownedBy(host).stream().map(Versioned::value)
                    .filter(vm -> vm.owner().filter(Owner::leased).isPresent()).forEach(vm -> work.submit(vm.id()));
            store.view().vmsOf(host).stream().filter(vm -> vm.migration().switching())
                    .forEach(vm -> work.submit(vm.id()));
        }
    }

    @Override
    public void observed(HostId host, VmId vm) {
        submit(vm);
    }

    private void submit(VmId vm) {
        if (leading.getAsBoolean()) {
            work.submit(vm);
        }
    }

    private void reconcile(VmId id) {
        if (!leading.getAsBoolean()) {
            return;
        }
        long began = System.nanoTime();
        try {
            for (Sightings.Sighting seen : links.sightings().of(id)) {
                if (links.reach(seen.host()).ready() && stray(seen).isPresent()) {
                    removeStray(id, seen);
                }
            }
            Optional<Versioned<Vm>> vm = store.view().vm(id);
            if (vm.isEmpty()) {
                settleWithoutVm(id);
            } else {
                carryOut(vm.get(), VmSteps.next(vm.get().value(), sight(vm.get().value()), clock.instant()));
            }
        } catch (CommitException.Conflict e) {
            log.debug("{}: {}", id, e.getMessage());
            work.submit(id);
        } catch (CommitException e) {
            // When ZooKeeper answers again all is looked at.
            log.debug("{}: {}", id, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            listener.stepped(Duration.ofNanos(System.nanoTime() - began));
        }
    }

    private Sight sight(Vm vm) {
        Optional<HostId> place = vm.owner().map(Owner::host).or(vm::remains);
        Optional<HostReach> reach = place.filter(host -> vm.owner().isPresent() || store.view().host(host).isPresent())
                .map(links::reach);
        Optional<Observation> run = vm.owner().flatMap(owner -> links.sightings().of(owner.host(), vm.uid())
                .filter(seen -> seen.epoch() == owner.epoch()));
        boolean asked = vm.owner().map(owner -> new StopAsked(vm.generation(), incarnation(owner.host()))
                .equals(stopsAsked.get(vm.uid()))).orElse(false);
        HostLoss loss = vm.owner().map(owner -> absences.loss(owner.host())).orElse(new HostLoss.None());
        Optional<Observation> earlier = run.isPresent() ? Optional.empty()
                : vm.owner().flatMap(owner -> links.sightings().of(owner.host(), vm.uid())
                        .filter(seen -> seen.epoch() < owner.epoch()));
        return new Sight(reach, run, asked, loss, earlier, migrations.crossing(vm));
    }

    private String incarnation(HostId host) {
        return store.view().session(host).map(HostSession::incarnation).orElse("");
    }

    private void carryOut(Versioned<Vm> known, VmStep step) throws CommitException, InterruptedException {
        Vm vm = known.value();
        switch (step) {
            case VmStep.Rest() -> settle(vm.id(), Optional.of(vm));
            case VmStep.Place() -> {
                settle(vm.id(), Optional.of(vm));
                placer.place(vm.id());
            }
            case VmStep.Await(HostId host) -> settle(vm.id(), Optional.of(vm));
            case VmStep.Write(Vm next) -> write(known, next);
            case VmStep.Start(Owner owner) -> start(known, owner);
            case VmStep.Stop(Owner owner, Duration grace) -> stop(known, owner, grace);
            case VmStep.ChangeDevice(Owner owner, DeviceChange change) -> changeDevice(known, owner, change);
            case VmStep.Look(Owner owner) -> look(known, owner);
            case VmStep.Clear(HostId host) -> clear(known, host);
            case VmStep.Erase() -> erase(known);
            case VmStep.TakeOver takeOver -> takeOver(known, takeOver);
            case VmStep.Receive(HostId destination) -> receive(known, destination);
            case VmStep.Recheck(HostId host) -> {
                settle(vm.id(), Optional.of(vm));
                work.submitLater(vm.id(), RECHECK);
            }
            case VmStep.Evict(HostId host, Observation stray) -> evict(host, stray);
            case VmStep.Sweep(HostId host, Observation stray) -> sweep(host, stray);
        }
    }

    /**
     * By one transaction, which fails if a host that is lost has a session again, or has had one since its absence was counted
     * from.
     */
    private void takeOver(Versioned<Vm> known, VmStep.TakeOver step) throws CommitException, InterruptedException {
        Vm vm = known.value();
        Owner owner = step.owner();
        Instant now = clock.instant();
        RunEnd end = new RunEnd(RunEnd.Cause.KILLED, owner.host().resourceName()
                + " was lost: it has no session in ZooKeeper, and the leases of what it ran are over", now);
        Set<HostId> away = new HashSet<>(Set.of(owner.host()));
        step.destination().ifPresent(lost -> away.add(lost.host()));
        Vm next = VmSteps.fencedOff(vm, end, away, now);
        List<Change> changes = new ArrayList<>(List.of(new Change.Put(next, known.version()),
                new Change.NoSession(owner.host()), new Change.Check(owner.host(), step.version())));
        step.destination().ifPresent(lost -> changes.addAll(List.of(new Change.NoSession(lost.host()),
                new Change.Check(lost.host(), lost.version()))));
        changes.addAll(settled(vm.id(), Optional.of(next)));
        store.commitAndWait(changes);
        log.warn("{} (epoch {}) is taken from {}, which is lost", vm.id(), owner.epoch(), owner.host());
    }

    /** The destination prepares, with the files put on it first as before a start. What it refuses calls the migration off. */
    private void receive(Versioned<Vm> known, HostId destination) throws CommitException, InterruptedException {
        Vm vm = known.value();
        Owner owner = vm.owner().orElseThrow();
        Optional<Agent> agent = links.agent(destination);
        if (agent.isEmpty()) {
            return;
        }
        RunPlan plan = RunPlan.of(vm, new Owner(destination, owner.epoch(), owner.leased()), operation(vm),
                id -> store.view().image(id).map(Versioned::value),
                id -> store.view().cpuModel(id).map(Versioned::value));
        if (!(plan instanceof RunPlan.Ready ready)) {
            write(known, vm.migrationCancelled(((RunPlan.Impossible) plan).why()));
            return;
        }
        Answer<Optional<Observation>> answer = switch (files(destination, agent.get(), ready.files())) {
            case Answer.Done<Boolean>(Boolean there) ->
                agent.get().receive(ready.order(), vm.migration().id().orElseThrow());
            case Answer.Refused<Boolean>(Answer.Why why, String message) ->
                new Answer.Refused<>(Answer.Why.HOST_FAILED, message);
            case Answer.None<Boolean>(String message) -> new Answer.None<>(message);
        };
        switch (answer) {
            case Answer.Done<Optional<Observation>>(Optional<Observation> seen) -> {
                seen.ifPresent(run -> links.sightings().put(destination, run));
                // It tells of it from now on, or is asked again.
                work.submitLater(vm.id(), RECHECK);
            }
            case Answer.Refused<Optional<Observation>>(Answer.Why why, String message) -> {
                switch (why) {
                    case HOST_CANNOT, BAD_REQUEST, EPOCH_SPENT -> {
                        listener.refused();
                        write(known, vm.migrationCancelled(destination.resourceName() + " refused: " + message));
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
            write(known, known.value().migrationCancelled(destination.resourceName() + " does not prepare: " + why));
        } else {
            log.info("{}: {} does not prepare, asked again: {}", id, destination, why);
            work.submitLater(id, backoff.next(id));
        }
    }

    private void start(Versioned<Vm> known, Owner owner) throws CommitException, InterruptedException {
        Vm vm = known.value();
        RunPlan plan = RunPlan.of(vm, owner, operation(vm), id -> store.view().image(id).map(Versioned::value),
                id -> store.view().cpuModel(id).map(Versioned::value));
        switch (plan) {
            case RunPlan.Impossible(String why) -> write(known,
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
        Answer<Optional<Observation>> answer = switch (files(owner.host(), agent.get(), plan.files())) {
            case Answer.Done<Boolean>(Boolean there) -> agent.get().start(plan.order());
            // It did not refuse to run the VM, so its word does not hold for a start that is on its way.
            case Answer.Refused<Boolean>(Answer.Why why, String message) ->
                new Answer.Refused<>(Answer.Why.HOST_FAILED, message);
            case Answer.None<Boolean>(String message) -> new Answer.None<>(message);
        };
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
                        write(known, vm.refused(owner.host(), message, clock.instant()));
                    }
                    case HOST_FAILED -> failed(known, owner, agent.get(), message);
                    case EPOCH_SPENT -> write(known, VmSteps.over(vm,
                            new RunEnd(RunEnd.Cause.KILLED, message, clock.instant()), 0, clock.instant()));
                    case BAD_REQUEST -> write(known, VmSteps.over(vm,
                            new RunEnd(RunEnd.Cause.START_FAILED, message, clock.instant()), 0, clock.instant()));
                    case NOT_OWNER -> {
                        // One of us has not seen the newest record yet.
                        store.refresh();
                        again(known, owner.host().resourceName() + " does not see itself as the owner yet: " + message);
                    }
                    case FILE_MISSING -> {
                        links.forgetFiles(owner.host());
                        again(known, owner.host().resourceName() + ": " + message);
                    }
                    case NOT_THERE, NO_SUCH_MIGRATION -> again(known, owner.host().resourceName() + ": " + message);
                }
            }
            case Answer.None<Optional<Observation>>(String message) ->
                again(known, owner.host().resourceName() + " has not answered, asked again: " + message);
        }
    }

    /** The host failed before it began the run: it is asked a few times more, and then another. */
    private void failed(Versioned<Vm> known, Owner owner, Agent agent, String message)
            throws CommitException, InterruptedException {
        if (backoff.failures(known.value().id()) < TRIES_ON_A_HOST - 1) {
            again(known, owner.host().resourceName() + " failed to start it, asked again: " + message);
        } else if (spent(known, owner, agent)) {
            listener.refused();
            Instant now = clock.instant();
            write(known, VmSteps.over(known.value(), new RunEnd(RunEnd.Cause.HOST_FAILED, message, now), 0, now));
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
        switch (agent.stop(run(vm, owner.epoch()), Duration.ZERO)) {
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
                again(known, owner.host().resourceName() + " does not give it up, asked again: " + message);
                return false;
            }
            case Answer.None<Optional<Observation>>(String message) -> {
                again(known, owner.host().resourceName() + " has not answered, asked again: " + message);
                return false;
            }
        }
    }

    private Answer<Boolean> files(HostId host, Agent agent, List<Image.ImageFile> files) throws InterruptedException {
        boolean there = links.holds(host, files.stream().map(Image.ImageFile::sha256).toList());
        return there ? new Answer.Done<>(true) : transfers.ensure(host, agent, files);
    }

    private static String operation(Vm vm) {
        return vm.id() + "/" + vm.generation();
    }

    private static RunRef run(Vm vm, long epoch) {
        return new RunRef(vm.id(), vm.uid(), epoch, operation(vm));
    }

    private void stop(Versioned<Vm> known, Owner owner, Duration grace) throws CommitException, InterruptedException {
        Vm vm = known.value();
        Optional<Agent> agent = links.agent(owner.host());
        if (agent.isEmpty()) {
            return;
        }
        StopAsked asked = new StopAsked(vm.generation(), incarnation(owner.host()));
        switch (agent.get().stop(run(vm, owner.epoch()), grace)) {
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
                    write(known,
                            VmSteps.over(vm, new RunEnd(RunEnd.Cause.KILLED, "stopped before it ran", clock.instant()),
                                    0,
                                    clock.instant()));
                } else {
                    again(known, owner.host().resourceName() + " refuses to stop it, asked again: " + message);
                }
            }
            case Answer.None<Optional<Observation>>(String message) ->
                again(known, owner.host().resourceName() + " has not answered, asked again: " + message);
        }
    }

    private void changeDevice(Versioned<Vm> known, Owner owner, DeviceChange change)
            throws CommitException, InterruptedException {
        Vm vm = known.value();
        Optional<Agent> agent = links.agent(owner.host());
        if (agent.isEmpty()) {
            return;
        }
        RunPlan plan = RunPlan.of(vm, owner, operation(vm), id -> store.view().image(id).map(Versioned::value),
                id -> store.view().cpuModel(id).map(Versioned::value));
        if (!(plan instanceof RunPlan.Ready ready)) {
            write(known, vm.devicesNotChanged(((RunPlan.Impossible) plan).why()));
            return;
        }
        Answer<Optional<Observation>> answer = switch (files(owner.host(), agent.get(), ready.files())) {
            case Answer.Done<Boolean>(Boolean there) -> agent.get().change(ready.order(), change);
            case Answer.Refused<Boolean>(Answer.Why why, String message) ->
                new Answer.Refused<>(Answer.Why.HOST_FAILED, message);
            case Answer.None<Boolean>(String message) -> new Answer.None<>(message);
        };
        switch (answer) {
            case Answer.Done<Optional<Observation>>(Optional<Observation> seen) -> {
                seen.ifPresent(run -> links.sightings().put(owner.host(), run));
                if (seen.filter(run -> run.devices().generation() >= change.generation()).isPresent()) {
                    backoff.succeeded(vm.id());
                    work.submit(vm.id());
                } else {
                    again(known, owner.host().resourceName() + " does not change it yet, asked again");
                }
            }
            case Answer.Refused<Optional<Observation>>(Answer.Why why, String message) -> {
                switch (why) {
                    case HOST_CANNOT, BAD_REQUEST -> write(known, vm.devicesNotChanged(message));
                    case HOST_FAILED, NOT_OWNER, EPOCH_SPENT, NOT_THERE, NO_SUCH_MIGRATION ->
                        again(known, owner.host().resourceName() + " does not change it, asked again: " + message);
                    case FILE_MISSING -> {
                        links.forgetFiles(owner.host());
                        again(known, owner.host().resourceName() + ": " + message);
                    }
                }
            }
            case Answer.None<Optional<Observation>>(String message) ->
                again(known, owner.host().resourceName() + " has not answered, asked again: " + message);
        }
    }

    private void look(Versioned<Vm> known, Owner owner) throws CommitException, InterruptedException {
        Vm vm = known.value();
        Optional<Agent> agent = links.agent(owner.host());
        if (agent.isEmpty()) {
            return;
        }
        Answer<Optional<Observation>> answer = agent.get().look(vm.uid());
        if (!(answer instanceof Answer.Done<Optional<Observation>>(Optional<Observation> seen))) {
            again(known, owner.host().resourceName() + " does not tell what it runs, asked again");
        } else if (seen.filter(run -> run.epoch() == owner.epoch()).isPresent()) {
            backoff.succeeded(vm.id());
            links.sightings().put(owner.host(), seen.get());
            work.submit(vm.id());
        } else if (spent(known, owner, agent.get())) {
            write(known, VmSteps.over(vm, new RunEnd(RunEnd.Cause.VMM_FAILED,
                    owner.host().resourceName() + " has nothing of it any more", clock.instant()), 0, clock.instant()));
        }
    }

    private void clear(Versioned<Vm> known, HostId host) throws CommitException, InterruptedException {
        Vm vm = known.value();
        Optional<Agent> agent = links.agent(host);
        if (agent.isEmpty()) {
            return;
        }
        switch (agent.get().remove(run(vm, vm.lastEpoch()))) {
            case Answer.Done<Boolean>(Boolean done) -> erase(known);
            case Answer.Refused<Boolean>(Answer.Why why, String message) -> {
                if (why == Answer.Why.NOT_THERE) {
                    erase(known);
                } else {
                    again(known, host.resourceName() + " does not remove it, asked again: " + message);
                }
            }
            case Answer.None<Boolean>(String message) ->
                again(known, host.resourceName() + " has not answered, asked again: " + message);
        }
    }

    private void erase(Versioned<Vm> known) throws CommitException, InterruptedException {
        Vm vm = known.value();
        List<Change> changes = new ArrayList<>(List.of(new Change.Remove(vm.id(), known.version())));
        changes.addAll(settled(vm.id(), Optional.empty()));
        store.commitAndWait(changes);
        stopsAsked.remove(vm.uid());
        migrations.forget(vm);
        backoff.succeeded(vm.id());
        log.info("{} ({}) is deleted", vm.id(), vm.uid());
    }

    private Optional<VmStep> stray(Sightings.Sighting seen) {
        return Strays.next(seen.host(), seen.observation(),
                store.view().vm(seen.observation().vm()).map(Versioned::value));
    }

    private void removeStray(VmId id, Sightings.Sighting seen) throws CommitException, InterruptedException {
        // What looks like a stray may belong to a record that is newer than what is in memory.
        store.refresh();
        Optional<VmStep> step = stray(seen);
        if (step.isEmpty() || !leading.getAsBoolean()) {
            return;
        }
        boolean done = switch (step.get()) {
            case VmStep.Evict(HostId host, Observation stray) -> evict(host, stray);
            case VmStep.Sweep(HostId host, Observation stray) -> sweep(host, stray);
            default -> true;
        };
        if (done) {
            backoff.succeeded(id);
        } else {
            work.submitLater(id, backoff.next(id));
        }
    }

    private boolean evict(HostId host, Observation stray) throws InterruptedException {
        log.warn("{} ({}, epoch {}) runs on {} without owning it: it is stopped", stray.vm(), stray.uid(),
                stray.epoch(), host);
        Optional<Agent> agent = links.agent(host);
        return agent.isEmpty() || agent.get().stop(ref(stray), Duration.ZERO) instanceof Answer.Done<?>;
    }

    private boolean sweep(HostId host, Observation stray) throws InterruptedException {
        Optional<Agent> agent = links.agent(host);
        return agent.isEmpty() || agent.get().remove(ref(stray)) instanceof Answer.Done<?>;
    }

    private static RunRef ref(Observation stray) {
        return new RunRef(stray.vm(), stray.uid(), stray.epoch(), "stray");
    }

    /** Nothing will tell when the step can succeed: it is tried again later, and from the second time on its users see why. */
    private void again(Versioned<Vm> known, String why) throws CommitException, InterruptedException {
        Vm vm = known.value();
        boolean before = backoff.failures(vm.id()) > 0;
        work.submitLater(vm.id(), backoff.next(vm.id()));
        log.info("{}: {}", vm.id(), why);
        Vm told = vm.in(vm.phase(), why, clock.instant());
        if (before && !told.status().equals(vm.status())) {
            store.commitAndWait(List.of(new Change.Put(told, known.version())));
        }
    }

    private void write(Versioned<Vm> known, Vm next) throws CommitException, InterruptedException {
        List<Change> changes = new ArrayList<>(List.of(new Change.Put(next, known.version())));
        changes.addAll(settled(next.id(), Optional.of(next)));
        store.commitAndWait(changes);
        backoff.succeeded(next.id());
        if (next.phase() != known.value().phase()) {
            log.info("{} is {}{}", next.id(), next.phase(),
                    next.status().message().isEmpty() ? "" : ": " + next.status().message());
        }
    }

    /** A task without its VM may only be newer than what is in memory. */
    private void settleWithoutVm(VmId id) throws CommitException, InterruptedException {
        if (!store.view().runningTasks(id).isEmpty()) {
            store.refresh();
            settle(id, store.view().vm(id).map(Versioned::value));
        }
    }

    private void settle(VmId id, Optional<Vm> vm) throws CommitException, InterruptedException {
        List<Change> changes = settled(id, vm);
        if (!changes.isEmpty()) {
            store.commitAndWait(changes);
        }
    }

    private List<Change> settled(VmId id, Optional<Vm> vm) {
        return Settlement.of(store.view().runningTasks(id), vm, clock.instant());
    }

    @Override
    public void close() {
        work.close();
    }
}
