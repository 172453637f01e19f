package io.drover.controller.reconcile;

import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Task;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmMigration;
import io.drover.controller.store.Change;
import io.drover.controller.store.CommitException;
import io.drover.controller.store.Store;
import io.drover.controller.store.StoreListener;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out what is to become of hosts whose machines are off, as a person said: VM by VM what they own is given up, then
 * the record of the host goes, or loses its fence, and the tasks that asked for it end. The fence stands from the first step to
 * the last, so whoever leads next goes on where this one stopped.
 */
public final class FencedHosts implements StoreListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FencedHosts.class);
    private static final int AT_ONCE = 4;

    private final Store store;
    private final BooleanSupplier leading;
    private final Clock clock;
    private final KeyedWork<HostId> work;

    public FencedHosts(Store store, BooleanSupplier leading, Clock clock, ScheduledExecutorService timer) {
        this.store = store;
        this.leading = leading;
        this.clock = clock;
        this.work = new KeyedWork<>("fenced", AT_ONCE, timer, this::carryOut);
    }

    /** This controller leads from now on, or knows all records anew. */
    public void lookAtAll() {
        store.view().hosts().values().stream().map(Versioned::value).filter(Host::fenced)
                .forEach(host -> work.submit(host.id()));
        store.view().targetsOfRunningTasks().forEach(target -> {
            if (target instanceof HostId host) {
                work.submit(host);
            }
        });
    }

    @Override
    public void hostChanged(Optional<Versioned<Host>> before, Optional<Versioned<Host>> after) {
        if (leading.getAsBoolean() && after.filter(host -> host.value().fenced()).isPresent()) {
            work.submit(after.get().value().id());
        }
    }

    /** What could not be given up while its guest was on its way may be now. */
    @Override
    public void vmChanged(Optional<Versioned<Vm>> before, Optional<Versioned<Vm>> after) {
        if (leading.getAsBoolean() && before.filter(vm -> vm.value().migration().switching()).isPresent()) {
            VmMigration migration = before.get().value().migration();
            Stream.of(migration.source(), migration.destination()).flatMap(Optional::stream)
                    .filter(host -> store.view().host(host).filter(known -> known.value().fenced()).isPresent())
                    .forEach(work::submit);
        }
    }

    @Override
    public void taskChanged(Optional<Versioned<Task>> before, Optional<Versioned<Task>> after) {
        if (leading.getAsBoolean() && after.isPresent() && after.get().value().running()
                && after.get().value().target() instanceof HostId host) {
            work.submit(host);
        }
    }

    @Override
    public void synced() {
        if (leading.getAsBoolean()) {
            lookAtAll();
        }
    }

    private void carryOut(HostId id) {
        if (!leading.getAsBoolean()) {
            return;
        }
        try {
            // What was placed there while it was still alive counts too.
            store.refresh();
            Optional<Versioned<Host>> host = store.view().host(id);
            if (host.isPresent() && host.get().value().fenced()) {
                boolean all = true;
                for (Versioned<Vm> vm : store.view().ownedBy(id)) {
                    all &= giveUp(vm, host.get().value());
                }
                for (Vm vm : store.view().vmsOf(id)) {
                    all &= !vm.migration().switching() || givenUpTo(vm, id);
                }
                if (all) {
                    finish(host.get());
                }
            } else {
                // It is gone, perhaps has come back since: whoever asked once more has what was asked for.
                List<Change> changes = ended(id);
                if (!changes.isEmpty()) {
                    store.commitAndWait(changes);
                }
            }
        } catch (CommitException.Conflict e) {
            log.debug("host {}: {}", id, e.getMessage());
            work.submit(id);
        } catch (CommitException e) {
            // When ZooKeeper answers again all is looked at.
            log.debug("host {}: {}", id, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * By a compare-and-set on the one record that decides. Of what it owns no agent can write it, so only users compete; but the
     * destination of a guest that was on its way may have it, and says so, or a person says that it is off, too.
     *
     * @return whether it was given up
     */
    private boolean giveUp(Versioned<Vm> vm, Host host) throws CommitException, InterruptedException {
        Instant now = clock.instant();
        HostId source = vm.value().owner().orElseThrow().host();
        Set<HostId> away = new HashSet<>(Set.of(source));
        Optional<HostId> destination = vm.value().migration().destination();
        destination.filter(this::isOff).ifPresent(away::add);
        if (vm.value().migration().switching() && !away.contains(destination.orElseThrow())) {
            log.warn(
                    "{} is on its way from {} to {}, which may have it: waits for that host, or for the word that it is "
                            + "off",
                    vm.value().id(), source, destination.get());
            return false;
        }
        String what = host.returns() ? " was confirmed to be off, says who asked for it"
                : " was deleted by force: its machine is off for good, says who asked for it";
        RunEnd end = new RunEnd(RunEnd.Cause.KILLED, source.resourceName() + what, now);
        store.commitAndWait(List.of(new Change.Put(VmSteps.fencedOff(vm.value(), end, away, now), vm.version())));
        log.warn("{} (epoch {}) is taken: {}", vm.value().id(), vm.value().lastEpoch(), end.message());
        return true;
    }

    /** A guest that was on its way to this host, from one that is off, too, is nowhere any more. */
    private boolean givenUpTo(Vm vm, HostId destination) throws CommitException, InterruptedException {
        HostId source = vm.owner().orElseThrow().host();
        Optional<Versioned<Host>> off = store.view().host(source).filter(host -> host.value().fenced());
        if (source.equals(destination) || off.isEmpty()) {
            return true;
        }
        Optional<Versioned<Vm>> newest = store.view().vm(vm.id());
        return newest.isEmpty() || !newest.get().value().uid().equals(vm.uid())
                || !newest.get().value().migration().switching() || giveUp(newest.get(), off.get().value());
    }

    /** Nothing runs there, says a person, or it is deleted. */
    private boolean isOff(HostId host) {
        return store.view().host(host).map(known -> known.value().fenced()).orElse(true);
    }

    private void finish(Versioned<Host> host) throws CommitException, InterruptedException {
        HostId id = host.value().id();
        boolean returns = host.value().returns();
        List<Change> changes = new ArrayList<>(List.of(returns
                ? new Change.Put(host.value().withoutFence(), host.version())
                : new Change.Remove(id, host.version())));
        changes.addAll(ended(id));
        store.commitAndWait(changes);
        log.info("host {} {}", id, returns ? "owns nothing any more and may come back" : "is deleted");
    }

    private List<Change> ended(HostId id) {
        Instant now = clock.instant();
        return store.view().runningTasks(id).stream().<Change>map(
                task -> new Change.Put(task.value().ended(new Task.State.Succeeded(now)), task.version())).toList();
    }

    @Override
    public void close() {
        work.close();
    }
}
