package io.drover.controller.host;

import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostSession;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.store.Change;
import io.drover.controller.store.CommitException;
import io.drover.controller.store.Store;
import io.drover.controller.task.RequestMark;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What people ask of hosts, as intents in the records. Any controller may do this; the one that leads carries it out. */
public final class HostOperations {
    private static final int ATTEMPTS = 10;
    /** So many VMs are named in a refusal. */
    private static final int NAMED = 5;

    private final Store store;
    private final Clock clock;

    public HostOperations(Store store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    /** Cordons a host, or takes that back. */
    Host cordon(HostId id, boolean cordoned) throws ProblemException, InterruptedException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Versioned<Host> host = store.view().host(id)
                    .orElseThrow(() -> ProblemException.notFound(id.resourceName()));
            if (host.value().cordoned() == cordoned) {
                return host.value();
            }
            Host next = host.value().withCordoned(cordoned);
            // After a conflict, its agent told new facts at the same time: with those, once more.
            if (committed(id, List.of(new Change.Put(next, host.version())))) {
                return next;
            }
        }
        throw new ProblemException(new Problem.Contended(id.resourceName()));
    }

    /**
     * Gives up what a host without a session owns, as its machine is off, says whoever asks; the host may come back.
     */
    Task confirmOff(RequestMark mark, HostId id) throws ProblemException, InterruptedException {
        if (store.view().host(id).isEmpty()) {
            refresh(id);
            if (store.view().host(id).isEmpty()) {
                throw ProblemException.notFound(id.resourceName());
            }
        }
        return giveUp(mark, id, true, true);
    }

    /**
     * Deletes a host that has no session.
     *
     * @param force the machine is off for good, says whoever asks: what it owns is given up first, by the controller that leads
     */
    Task delete(RequestMark mark, HostId id, boolean force) throws ProblemException, InterruptedException {
        return giveUp(mark, id, force, false);
    }

    private Task giveUp(RequestMark mark, HostId id, boolean force, boolean returns)
            throws ProblemException, InterruptedException {
        TaskId taskId = mark.task();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            refresh(id);
            Optional<Task> known = mark.earlier(taskId, store.view());
            if (known.isPresent()) {
                return known.get();
            }
            Optional<Versioned<Host>> host = store.view().host(id);
            List<Versioned<Vm>> owned = store.view().ownedBy(id);
            if (host.isEmpty() && owned.isEmpty()) {
                throw ProblemException.notFound(id.resourceName());
            }
            Optional<HostSession> session = store.view().session(id);
            if (session.isPresent()) {
                throw new ProblemException(alive(id, session.get(), returns));
            }
            // One that was only to be confirmed may still be deleted.
            boolean fenced = host.filter(there -> there.value().fenced())
                    .filter(there -> returns || !there.value().returns()).isPresent();
            if (!force && !fenced && !owned.isEmpty()) {
                throw new ProblemException(ownsVms(id, owned));
            }
            List<Change> changes = new ArrayList<>();
            if (fenced) {
                changes.add(new Change.Check(id, host.get().version()));
            } else {
                changes.add(new Change.NoSession(id));
                changes.add(intent(id, host, force, returns));
            }
            Instant now = clock.instant();
            Task task = mark.begun(taskId, id,
                    force || fenced ? new Task.State.Running() : new Task.State.Succeeded(now), now);
            changes.add(new Change.Create(task));
            if (committed(id, changes)) {
                return task;
            }
        }
        throw new ProblemException(new Problem.Contended(id.resourceName()));
    }

    private static Change intent(HostId id, Optional<Versioned<Host>> host, boolean force,
            boolean returns) {
        if (host.isEmpty()) {
            return new Change.Create(Host.fencedWithoutFacts(id));
        }
        return force
                ? new Change.Put(host.get().value().withFence(returns), host.get().version())
                : new Change.Remove(id, host.get().version());
    }

    private static Problem alive(HostId id, HostSession session, boolean returns) {
        String name = id.resourceName();
        return new Problem.NotNow("HOST_ALIVE", name,
                name + " has a session: its agent at " + session.address() + " lives since " + session.started(),
                returns
                        ? "nothing of it is given up while its agent lives; switch its machine off, wait until it is AWAY"
                        : "to keep new VMs off it, cordon it; to delete it, switch its machine off, or stop its agent when "
                                + "it runs no VMs, and wait until it is AWAY");
    }

    private static Problem ownsVms(HostId id, List<Versioned<Vm>> owned) {
        String name = id.resourceName();
        String vms = owned.stream().limit(NAMED).map(vm -> vm.value().id().resourceName())
                .collect(Collectors.joining(", "));
        return new Problem.NotNow("HOST_OWNS_VMS", name,
                name + " owns " + owned.size() + (owned.size() == 1 ? " VM: " : " VMs: ") + vms
                        + (owned.size() > NAMED ? ", …" : ""),
                "bring it back; or, only if its machine is off for good, delete it with force: its VMs start elsewhere");
    }

    private void refresh(HostId id) throws ProblemException, InterruptedException {
        try {
            // VMs that another controller placed just now count too.
            store.refresh();
        } catch (CommitException e) {
            throw ProblemException.of(e, id.resourceName());
        }
    }

    /** False after a conflict: what it conflicted with is in memory then. */
    private boolean committed(HostId id, List<Change> changes) throws ProblemException, InterruptedException {
        try {
            store.commitAndWait(changes);
            return true;
        } catch (CommitException.Conflict e) {
            return false;
        } catch (CommitException e) {
            throw ProblemException.of(e, id.resourceName());
        }
    }
}
