package io.drover.controller.feed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.HostListener;
import io.drover.controller.agent.Observation;
import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.store.Store;
import io.drover.controller.store.StoreListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * All VMs as users see them, in memory, with the last changes in the order in which they were seen. Watchers read the
 * history at their own pace; one that falls behind by more than the history is told so, and costs nothing.
 */
public final class VmFeed implements StoreListener, HostListener {
    private static final int MAX_READ = 256;

    private final Store store;
    private final HostLinks links;
    private final String incarnation = UUID.randomUUID().toString().replace("-", "").substring(0, 16);
    private final int kept;

    @GuardedBy("this")
    private final TreeMap<VmId, VmSight> current = new TreeMap<>();
    /** The event with sequence n is at n modulo the length. */
    @GuardedBy("this")
    private final Event[] history;
    /** Of the last event; 0 before the first. */
    @GuardedBy("this")
    private long last;

    /** One change of one VM; at least one of both is there. */
    public record Event(long sequence, Optional<VmSight> before, Optional<VmSight> after) {}

    /** All VMs at one moment. */
    public record Snapshot(List<VmSight> vms, Revision revision) {}

    /**
     * Follows this store and these hosts once it is added to their listeners.
     *
     * @param kept how many events the history holds
     */
    public VmFeed(Store store, HostLinks links, int kept) {
        this.store = store;
        this.links = links;
        this.kept = kept;
        this.history = new Event[kept];
    }

    public synchronized Optional<VmSight> get(VmId id) {
        return Optional.ofNullable(current.get(id));
    }

    /** How many VMs this host alone may run. */
    public int ownedBy(HostId host) {
        return store.view().ownedBy(host).size();
    }

    public synchronized Snapshot all() {
        return new Snapshot(List.copyOf(current.values()), revision(last));
    }

    /**
     * VMs by name, after one name, that match.
     *
     * @param after empty: from the first
     */
    public synchronized Page page(Optional<VmId> after, int size, Predicate<VmSight> filter) {
        List<VmSight> page = new ArrayList<>();
        int total = 0;
        boolean more = false;
        for (Map.Entry<VmId, VmSight> entry : current.entrySet()) {
            if (!filter.test(entry.getValue())) {
                continue;
            }
            total++;
            if (after.isEmpty() || entry.getKey().compareTo(after.get()) > 0) {
                if (page.size() < size) {
                    page.add(entry.getValue());
                } else {
                    more = true;
                }
            }
        }
        return new Page(page, more, total, revision(last));
    }

    /**
     * A part of a list.
     *
     * @param total how many match, on all pages
     */
    public record Page(List<VmSight> vms, boolean more, int total, Revision revision) {}

    /** The place that a client names, if this process still knows what came after it. */
    public Revision resume(String text) throws ProblemException {
        Revision revision = Revision.parse(text).filter(known -> known.incarnation().equals(incarnation))
                .orElseThrow(() -> new ProblemException(new Problem.RevisionTooOld(text)));
        synchronized (this) {
            requireKnown(revision.sequence());
        }
        return revision;
    }

    /**
     * What came after a place: waits until there is something.
     *
     * @return at most {@value #MAX_READ} events; none when {@code limit} is over
     */
    public synchronized List<Event> after(Revision place, Duration limit)
            throws ProblemException, InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (place.sequence() == last) {
            long millis = (end - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                return List.of();
            }
            wait(millis);
        }
        requireKnown(place.sequence());
        List<Event> events = new ArrayList<>();
        for (long next = place.sequence() + 1; next <= last && events.size() < MAX_READ; next++) {
            events.add(history[(int) (next % kept)]);
        }
        return events;
    }

    /**
     * Waits until a VM is as wanted; empty stands for no such VM.
     *
     * @return whether that came true
     */
    public synchronized boolean await(VmId id, Predicate<Optional<VmSight>> wanted, Duration limit)
            throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (!wanted.test(Optional.ofNullable(current.get(id)))) {
            long millis = (end - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                return false;
            }
            wait(millis);
        }
        return true;
    }

    public Revision revision(long sequence) {
        return new Revision(incarnation, sequence);
    }

    @GuardedBy("this")
    private void requireKnown(long sequence) throws ProblemException {
        if (sequence > last || last - sequence > kept) {
            throw new ProblemException(new Problem.RevisionTooOld(revision(sequence).toString()));
        }
    }

    @Override
    public void vmChanged(Optional<Versioned<Vm>> before, Optional<Versioned<Vm>> after) {
        refresh(after.or(() -> before).orElseThrow().value().id());
    }

    @Override
    public void reachChanged(HostId host) {
        store.view().vmsOf(host).forEach(vm -> refresh(vm.id()));
    }

    @Override
    public void observed(HostId host, VmId vm) {
        refresh(vm);
    }

    /** Looks at the newest of everything under the lock, so that whoever is told last leaves what is true last. */
    private synchronized void refresh(VmId id) {
        Optional<VmSight> after = store.view().vm(id).map(vm -> sight(vm.value()));
        Optional<VmSight> before = Optional
                .ofNullable(after.isPresent() ? current.put(id, after.get()) : current.remove(id));
        if (!before.equals(after)) {
            last++;
            history[(int) (last % kept)] = new Event(last, before, after);
            notifyAll();
        }
    }

    private VmSight sight(Vm vm) {
        return new VmSight(vm, VmSight.dependsOn(vm).map(links::reach), vm.owner()
                .flatMap(owner -> links.sightings().of(owner.host(), vm.uid())
                        .filter(run -> run.epoch() == owner.epoch()).map(Observation::withoutMigration)));
    }
}
