package io.drover.controller.reconcile;

import io.drover.controller.agent.Agent;
import io.drover.controller.agent.Answer;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.HostListener;
import io.drover.controller.agent.HostReach;
import io.drover.controller.agent.Observation;
import io.drover.controller.file.FileStore;
import io.drover.controller.placement.Placer;
import io.drover.controller.record.DeviceChange;
import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
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
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
    /** An agent tells what it sees by itself; this is for one that does not. */
    static final Duration RECHECK = Duration.ofSeconds(1);

    private final Store store;
    private final HostLinks links;
    private final Placer placer;
    private final HostAbsences absences;
    private final MigrationWatch migrations;
    private final BooleanSupplier leading;
    private final Clock clock;
    private final ReconcileListener listener;
    private final KeyedWork<VmId> work;
    private final Backoff backoff = new Backoff();
    private final VmWrites writes;
    private final OwnerRuns runs;
    private final Receiving receiving;
    private final StrayRemoval strays;

    public Reconciler(Store store, HostLinks links, Placer placer, FileStore files, BooleanSupplier leading,
            Clock clock,
            ScheduledExecutorService timer, ReconcileListener listener) {
        this.store = store;
        this.links = links;
        this.placer = placer;
        this.leading = leading;
        this.clock = clock;
        this.listener = listener;
        this.work = new KeyedWork<>("reconcile", AT_ONCE, timer, this::reconcile);
        this.absences = new HostAbsences(store, System::nanoTime, timer, this::mayBeLost);
        this.migrations = new MigrationWatch(store, links, absences, clock, work);
        this.writes = new VmWrites(store, clock, backoff, work);
        RunRequests requests = new RunRequests(store, links, new FileTransfers(files));
        this.runs = new OwnerRuns(store, links, requests, writes, backoff, work, clock, listener);
        this.receiving = new Receiving(store, links, requests, writes, backoff, work, listener);
        this.strays = new StrayRemoval(store, links, leading, backoff, work);
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
            strays.removeOf(id);
            Optional<Versioned<Vm>> vm = store.view().vm(id);
            if (vm.isEmpty()) {
                writes.settleWithoutVm(id);
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
        boolean asked = vm.owner().filter(owner -> runs.stopAsked(vm, owner)).isPresent();
        HostLoss loss = vm.owner().map(owner -> absences.loss(owner.host())).orElse(new HostLoss.None());
        Optional<Observation> earlier = run.isPresent() ? Optional.empty()
                : vm.owner().flatMap(owner -> links.sightings().of(owner.host(), vm.uid())
                        .filter(seen -> seen.epoch() < owner.epoch()));
        return new Sight(reach, run, asked, loss, earlier, migrations.crossing(vm));
    }

    private void carryOut(Versioned<Vm> known, VmStep step) throws CommitException, InterruptedException {
        Vm vm = known.value();
        switch (step) {
            case VmStep.Rest() -> writes.settle(vm.id(), Optional.of(vm));
            case VmStep.Place() -> {
                writes.settle(vm.id(), Optional.of(vm));
                placer.place(vm.id());
            }
            case VmStep.Await(HostId host) -> writes.settle(vm.id(), Optional.of(vm));
            case VmStep.Write(Vm next) -> writes.write(known, next);
            case VmStep.Start(Owner owner) -> runs.start(known, owner);
            case VmStep.Stop(Owner owner, Duration grace) -> runs.stop(known, owner, grace);
            case VmStep.Suspend(Owner owner) -> runs.suspend(known, owner);
            case VmStep.CancelSuspension(Owner owner) -> runs.cancelSuspension(known, owner);
            case VmStep.ChangeDevice(Owner owner, DeviceChange change) -> runs.changeDevice(known, owner, change);
            case VmStep.Look(Owner owner) -> runs.look(known, owner);
            case VmStep.Clear(HostId host) -> clear(known, host);
            case VmStep.Erase() -> erase(known);
            case VmStep.TakeOver takeOver -> takeOver(known, takeOver);
            case VmStep.Receive(HostId destination) -> receiving.receive(known, destination);
            case VmStep.Recheck(HostId host) -> {
                writes.settle(vm.id(), Optional.of(vm));
                work.submitLater(vm.id(), RECHECK);
            }
            case VmStep.Evict(HostId host, Observation stray) -> strays.evict(host, stray);
            case VmStep.Sweep(HostId host, Observation stray) -> strays.sweep(host, stray);
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
        changes.addAll(writes.settled(vm.id(), Optional.of(next)));
        store.commitAndWait(changes);
        log.warn("{} (epoch {}) is taken from {}, which is lost", vm.id(), owner.epoch(), owner.host());
    }

    private void clear(Versioned<Vm> known, HostId host) throws CommitException, InterruptedException {
        Vm vm = known.value();
        Optional<Agent> agent = links.agent(host);
        if (agent.isEmpty()) {
            return;
        }
        switch (agent.get().remove(RunRequests.run(vm, vm.lastEpoch()))) {
            case Answer.Done<Boolean>(Boolean done) -> erase(known);
            case Answer.Refused<Boolean>(Answer.Why why, String message) -> {
                if (why == Answer.Why.NOT_THERE) {
                    erase(known);
                } else {
                    writes.again(known, host.resourceName() + " does not remove it, asked again: " + message);
                }
            }
            case Answer.None<Boolean>(String message) ->
                writes.again(known, host.resourceName() + " has not answered, asked again: " + message);
        }
    }

    private void erase(Versioned<Vm> known) throws CommitException, InterruptedException {
        Vm vm = known.value();
        List<Change> changes = new ArrayList<>(List.of(new Change.Remove(vm.id(), known.version())));
        changes.addAll(writes.settled(vm.id(), Optional.empty()));
        store.commitAndWait(changes);
        runs.forget(vm);
        migrations.forget(vm);
        backoff.succeeded(vm.id());
        log.info("{} ({}) is deleted", vm.id(), vm.uid());
    }

    @Override
    public void close() {
        work.close();
    }
}
