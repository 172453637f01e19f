package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.Fit;
import io.drover.scheduler.capacity.Reserved;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The hosts, what their VMs hold, and where the next VM goes. It is told of changes one by one and knows nothing
 * else.
 *
 * <p>Belongs to one thread, the owner, which makes all calls; nothing here locks. A decision changes nothing: the
 * owner {@linkplain #reserve reserves}, writes its record, and {@linkplain #release releases} when that failed.
 */
public final class Cluster {
    private final HostTable hosts = new HostTable();
    private final HostClasses classes = new HostClasses(hosts);
    private final HeldFiles files = new HeldFiles();
    private final Ledger ledger = new Ledger();
    private final Scan scan = new Scan(hosts, files);

    /** What {@link #put} did. */
    public enum Change {
        ADDED, CHANGED, UNCHANGED
    }

    public int hosts() {
        return hosts.size();
    }

    public Optional<HostFacts> host(HostId host) {
        OptionalInt slot = hosts.slotOf(host);
        return slot.isPresent() ? Optional.of(hosts.facts(slot.getAsInt())) : Optional.empty();
    }

    /**
     * A host is new, or these are its facts now. What its VMs hold stays, even where it is now more than its
     * capacity: the host then takes no more.
     */
    public Change put(HostFacts facts) {
        Optional<HostFacts> before = host(facts.id());
        if (before.isPresent() && before.get().equals(facts)) {
            return Change.UNCHANGED;
        }
        int slot = hosts.put(facts, ledger.on(facts.id()));
        classes.put(slot, facts);
        return before.isPresent() ? Change.CHANGED : Change.ADDED;
    }

    /**
     * A host is gone for good, with its files. What its VMs hold stays in the ledger until it is released, and counts
     * again if the host comes back.
     *
     * @return whether it was there
     */
    public boolean remove(HostId host) {
        OptionalInt known = hosts.slotOf(host);
        known.ifPresent(slot -> {
            classes.remove(slot);
            files.clear(slot);
            hosts.remove(slot);
        });
        return known.isPresent();
    }

    /**
     * A host now holds these image files as well.
     *
     * @return whether there is such a host
     */
    public boolean addFiles(HostId host, Collection<String> held) {
        OptionalInt known = hosts.slotOf(host);
        known.ifPresent(slot -> files.add(slot, held));
        return known.isPresent();
    }

    /**
     * A host holds these image files and no others.
     *
     * @return whether there is such a host
     */
    public boolean setFiles(HostId host, Collection<String> held) {
        hosts.slotOf(host).ifPresent(files::clear);
        return addFiles(host, held);
    }

    /** The best host for a VM now, or why there is none. Changes nothing. */
    public Placement place(Request request, Policy policy) {
        return scan.place(classes.of(request.constraints()), request, policy);
    }

    /**
     * Whether this host could take the VM now: whether {@link #place} would count it as feasible. False when there is
     * no such host.
     */
    public boolean accepts(HostId host, Request request) {
        Optional<HostFacts> facts = host(host);
        return facts.isPresent()
                && request.constraints().firstRejecting(facts.get()).isEmpty()
                && request.home().map(host::equals).orElse(true)
                && !request.refused().containsKey(host)
                && facts.get().capacity().fits(ledger.on(host), request.demand()) instanceof Fit.Fits;
    }

    /**
     * Why this host could not take the VM now, for somebody who asks for this host and no other; empty when it could.
     *
     * @throws IllegalArgumentException when there is no such host
     */
    public Optional<Rejection> rejection(HostId host, Request request) {
        HostFacts facts = host(host).orElseThrow(() -> new IllegalArgumentException("host : " + host
                + " (expected: one that is known)"));
        Optional<Filter> byFacts = request.constraints().firstRejecting(facts);
        if (byFacts.isPresent()) {
            return byFacts.map(filter -> Rejection.of(filter, facts, request.constraints()));
        }
        return ofRequest(facts, request);
    }

    private Optional<Rejection> ofRequest(HostFacts facts, Request request) {
        HostId host = facts.id();
        if (request.home().filter(home -> !home.equals(host)).isPresent()) {
            return Optional.of(new Rejection.Home(request.home().get(), Optional.empty()));
        }
        if (request.refused().containsKey(host)) {
            return Optional.of(new Rejection.Refused(host, request.refused().get(host)));
        }
        return switch (facts.capacity().fits(ledger.on(host), request.demand())) {
            case Fit.Fits _ -> Optional.empty();
            case Fit.Lacks lacks -> Optional.of(new Rejection.LacksCapacity(host, lacks));
        };
    }

    /**
     * All that stands against this host, as {@link #rejection} has the first of it.
     *
     * @throws IllegalArgumentException when there is no such host
     */
    public List<Rejection> rejections(HostId host, Request request) {
        HostFacts facts = host(host).orElseThrow(() -> new IllegalArgumentException("host : " + host
                + " (expected: one that is known)"));
        List<Rejection> found = new ArrayList<>();
        for (Filter filter : Filter.OF_FACTS) {
            if (request.constraints().rejects(filter, facts)) {
                found.add(Rejection.of(filter, facts, request.constraints()));
            }
        }
        ofRequest(facts, request).ifPresent(found::add);
        return found;
    }

    /** All hosts, by name. */
    public List<HostFacts> all() {
        List<HostFacts> all = new ArrayList<>();
        hosts.forEach((facts, _) -> all.add(facts));
        return all;
    }

    /**
     * Reserves room on a host, if it has room. May be repeated. Looks at capacity alone: whether the host is ready,
     * say, was the business of {@link #place}, and may have changed since without harm.
     *
     * @return {@link Reservation.Held}, or why nothing was reserved
     */
    public Reservation reserve(VmUid vm, HostId host, Demand demand) {
        Reservation.Held wanted = new Reservation.Held(host, demand);
        Optional<Reservation.Held> before = ledger.of(vm);
        if (before.isPresent()) {
            Reservation.Held is = before.get();
            return is.equals(wanted) ? is : new Reservation.HeldOtherwise(is.host(), is.demand());
        }
        Optional<HostFacts> facts = host(host);
        if (facts.isEmpty()) {
            return new Reservation.NoSuchHost(host);
        }
        return switch (facts.get().capacity().fits(ledger.on(host), demand)) {
            case Fit.Lacks lacks -> new Reservation.DoesNotFit(host, lacks);
            case Fit.Fits fits -> {
                add(vm, host, demand);
                yield wanted;
            }
        };
    }

    /**
     * Takes over what is already so: a record says that this VM is on that host. It counts from now on whether it
     * fits or not, and even while the host is not known; what the VM held elsewhere is released.
     */
    public void restore(VmUid vm, HostId host, Demand demand) {
        release(vm);
        add(vm, host, demand);
    }

    private void add(VmUid vm, HostId host, Demand demand) {
        ledger.add(vm, host, demand);
        reservedChanged(host);
    }

    /**
     * Gives back what a VM holds. May be repeated.
     *
     * @return what it held: that host has more room now; empty when it held nothing
     */
    public Optional<Reservation.Held> release(VmUid vm) {
        Optional<Reservation.Held> held = ledger.remove(vm);
        held.ifPresent(was -> reservedChanged(was.host()));
        return held;
    }

    private void reservedChanged(HostId host) {
        hosts.slotOf(host).ifPresent(slot -> hosts.setReserved(slot, ledger.on(host)));
    }

    /** What a VM holds. */
    public Optional<Reservation.Held> reservation(VmUid vm) {
        return ledger.of(vm);
    }

    /** What the VMs of a host hold together, whether the host is known or not. */
    public Reserved reserved(HostId host) {
        return ledger.on(host);
    }
}
