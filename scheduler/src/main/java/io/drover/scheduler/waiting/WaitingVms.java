package io.drover.scheduler.waiting;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.placement.Cluster;
import io.drover.scheduler.placement.Constraints;
import io.drover.scheduler.placement.Request;
import io.drover.scheduler.placement.VmUid;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * VMs that no host could take. Nothing that a host lacked comes back without a change of a host, so they sleep until
 * one changes, and then only those wake that this host can take now: a small gap does not wake a thousand large VMs,
 * and a VM that is woken finds a place.
 *
 * <p>They are kept by what they ask for (constraints and demand), so that a change costs one look for each kind of VM
 * that waits, not one for each VM. Where several can use the same gap, the one that has waited longest goes first.
 *
 * <p>Belongs to the thread that owns the {@link Cluster}. After each change of a host the owner calls {@link
 * #hostChanged}, then {@link #next} until it is empty, placing and reserving each VM before it asks for the next:
 *
 * <pre>{@code
 * cluster.release(vm).ifPresent(held -> waiting.hostChanged(held.host()));
 * for (var next = waiting.next(); next.isPresent(); next = waiting.next()) {
 *     place(next.get()); // adds it again if it found no place after all
 * }
 * }</pre>
 */
public final class WaitingVms {
    private final Cluster cluster;
    private final Map<VmUid, Place> places = new HashMap<>();
    /** Each kind in the order of turns. */
    private final Map<Kind, NavigableMap<Long, Waiting>> kinds = new HashMap<>();
    /** The hosts that changed, each with the turn that came next at that time. */
    private final Map<HostId, Long> changed = new LinkedHashMap<>();
    private long nextTurn;

    /** What a VM asks of any host. */
    private record Kind(Constraints constraints, Demand demand) {
        static Kind of(Request request) {
            return new Kind(request.constraints(), request.demand());
        }
    }

    private record Place(Kind kind, long turn) {}

    /** A VM that waits, or waited, for a host. */
    public record Waiting(VmUid vm, Request request) {}

    public WaitingVms(Cluster cluster) {
        this.cluster = cluster;
    }

    public int size() {
        return places.size();
    }

    public boolean contains(VmUid vm) {
        return places.containsKey(vm);
    }

    /** What a VM that waits has asked for; empty when it does not wait. */
    public Optional<Request> request(VmUid vm) {
        return Optional.ofNullable(places.get(vm)).map(place -> kinds.get(place.kind).get(place.turn).request);
    }

    /**
     * A VM has found no place just now. If it waits already, its new request counts; it keeps its turn if it still
     * asks for the same capacity under the same constraints.
     */
    public void add(VmUid vm, Request request) {
        Kind kind = Kind.of(request);
        Place before = places.get(vm);
        remove(vm);
        long turn = before != null && before.kind.equals(kind) ? before.turn : nextTurn++;
        places.put(vm, new Place(kind, turn));
        kinds.computeIfAbsent(kind, first -> new TreeMap<>()).put(turn, new Waiting(vm, request));
    }

    /**
     * A VM waits no longer.
     *
     * @return whether it did
     */
    public boolean remove(VmUid vm) {
        Place place = places.remove(vm);
        if (place == null) {
            return false;
        }
        Map<Long, Waiting> sameKind = kinds.get(place.kind);
        sameKind.remove(place.turn);
        if (sameKind.isEmpty()) {
            kinds.remove(place.kind);
        }
        return true;
    }

    /** A host came, changed, or has more room, and may take VMs that it could not take before. */
    public void hostChanged(HostId host) {
        if (!places.isEmpty()) {
            changed.put(host, nextTurn);
        }
    }

    /**
     * Takes out the VM that has waited longest of those that a changed host can take now. A VM added after the change
     * is not meant: it was found to have no place with the change in force. Empty when there is none; the changes
     * told so far are then used up.
     */
    public Optional<Waiting> next() {
        for (Iterator<Map.Entry<HostId, Long>> hosts = changed.entrySet().iterator(); hosts.hasNext();) {
            Map.Entry<HostId, Long> host = hosts.next();
            Optional<Map.Entry<Long, Waiting>> first = kinds.values().stream()
                    .flatMap(kind -> firstFor(host.getKey(), kind.headMap(host.getValue(), false)).stream())
                    .min(Map.Entry.comparingByKey());
            if (first.isPresent()) {
                Waiting woken = first.get().getValue();
                remove(woken.vm);
                return Optional.of(woken);
            }
            hosts.remove();
        }
        return Optional.empty();
    }

    /** Of VMs that ask for the same, the first that the host accepts; only refusals tell them apart. */
    private Optional<Map.Entry<Long, Waiting>> firstFor(HostId host, NavigableMap<Long, Waiting> sameKind) {
        if (sameKind.isEmpty()
                || !cluster.accepts(host, sameKind.firstEntry().getValue().request.withRefused(Map.of()))) {
            return Optional.empty();
        }
        return sameKind.entrySet().stream().filter(each -> !each.getValue().request.refused().containsKey(host))
                .findFirst();
    }
}
