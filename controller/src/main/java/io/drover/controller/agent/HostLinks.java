package io.drover.controller.agent;

import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostSession;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.VmId;
import io.drover.controller.store.StoreListener;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** The agents of all hosts that have a session: one {@link HostLink} each, made and closed as sessions come and go. */
public final class HostLinks implements StoreListener, AutoCloseable {
    private final AgentChannels channels;
    private final Clock clock;
    private final Instant started;
    private final Sightings sightings = new Sightings();
    private final Map<HostId, HostLink> links = new ConcurrentHashMap<>();
    private final Map<HostId, Instant> awaySince = new ConcurrentHashMap<>();
    private final Map<HostId, Set<Sha256>> held = new ConcurrentHashMap<>();
    private final List<HostListener> listeners = new CopyOnWriteArrayList<>();
    private final HostListener all = new HostListener() {
        @Override
        public void reachChanged(HostId host) {
            listeners.forEach(listener -> listener.reachChanged(host));
        }

        @Override
        public void observed(HostId host, VmId vm) {
            listeners.forEach(listener -> listener.observed(host, vm));
        }

        @Override
        public void filesHeld(HostId host, Set<Sha256> files, boolean complete) {
            held.compute(host, (same, before) -> {
                Set<Sha256> now = before == null || complete ? ConcurrentHashMap.newKeySet() : before;
                now.addAll(files);
                return now;
            });
            listeners.forEach(listener -> listener.filesHeld(host, files, complete));
        }
    };

    public HostLinks(AgentChannels channels, Clock clock) {
        this.channels = channels;
        this.clock = clock;
        this.started = clock.instant();
    }

    public void addListener(HostListener listener) {
        listeners.add(listener);
    }

    public Sightings sightings() {
        return sightings;
    }

    public HostReach reach(HostId host) {
        HostLink link = links.get(host);
        return link == null ? new HostReach.Away(awaySince.getOrDefault(host, started)) : link.reach();
    }

    /** The agent of a host that has a session, whether it answers or not. */
    public Optional<Agent> agent(HostId host) {
        return Optional.ofNullable(links.get(host)).map(HostLink::agent);
    }

    /** Whether the host has told that it has all these files; it may have lost them since. */
    public boolean holds(HostId host, Collection<Sha256> files) {
        return held.getOrDefault(host, Set.of()).containsAll(files);
    }

    /** The host says that it has not what it was thought to have: it is asked before the next use. */
    public void forgetFiles(HostId host) {
        held.remove(host);
    }

    @Override
    public void sessionChanged(Optional<HostSession> before, Optional<HostSession> after) {
        HostId host = after.or(() -> before).orElseThrow().host();
        HostLink old = links.get(host);
        if (old != null && after.isPresent() && old.session().address().equals(after.get().address())
                && old.session().incarnation().equals(after.get().incarnation())) {
            return;
        }
        if (after.isPresent()) {
            HostLink link = new HostLink(after.get(), channels.open(host, after.get().address()), sightings, all,
                    clock);
            links.put(host, link);
            link.start();
        } else {
            links.remove(host);
            awaySince.put(host, clock.instant());
        }
        if (old != null) {
            old.close();
        }
        all.reachChanged(host);
    }

    /** Of a host that is deleted nothing is kept. */
    @Override
    public void hostChanged(Optional<Versioned<Host>> before, Optional<Versioned<Host>> after) {
        if (after.isEmpty()) {
            HostId host = before.orElseThrow().value().id();
            sightings.replace(host, List.of());
            awaySince.remove(host);
            held.remove(host);
        }
    }

    @Override
    public void close() {
        links.values().forEach(HostLink::close);
        links.clear();
    }
}
