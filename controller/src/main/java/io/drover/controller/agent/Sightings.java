package io.drover.controller.agent;

import io.drover.controller.record.HostId;
import io.drover.controller.record.VmId;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** What the hosts have told last of the VMs on them, kept while a host is silent. Safe for use by any thread. */
public final class Sightings {
    private final Map<HostId, Map<String, Observation>> byHost = new ConcurrentHashMap<>();
    /** The hosts on which a VM of this name is or was. */
    private final Map<VmId, Set<HostId>> hostsOf = new ConcurrentHashMap<>();

    /** One run of a VM as its host sees it. */
    public record Sighting(HostId host, Observation observation) {}

    Sightings() {}

    /** All that is known of VMs with this name, on any host, of any uid. */
    public List<Sighting> of(VmId vm) {
        return hostsOf.getOrDefault(vm, Set.of()).stream()
                .flatMap(host -> on(host).stream().filter(each -> each.vm().equals(vm))
                        .map(each -> new Sighting(host, each)))
                .toList();
    }

    /** What a host knows of one VM. */
    public Optional<Observation> of(HostId host, String uid) {
        return Optional.ofNullable(byHost.getOrDefault(host, Map.of()).get(uid));
    }

    /** The VMs that are or were on this host, as it told last. */
    public Set<VmId> vmsOn(HostId host) {
        return on(host).stream().map(Observation::vm).collect(Collectors.toUnmodifiableSet());
    }

    private Collection<Observation> on(HostId host) {
        return byHost.getOrDefault(host, Map.of()).values();
    }

    /**
     * The host tells all that is on it.
     *
     * @return the VMs of which something changed
     */
    Set<VmId> replace(HostId host, List<Observation> all) {
        Set<VmId> changed = new HashSet<>();
        Set<String> named = new HashSet<>();
        for (Observation each : all) {
            named.add(each.uid());
        }
        for (Observation each : List.copyOf(on(host))) {
            if (!named.contains(each.uid())) {
                remove(host, each.uid()).ifPresent(changed::add);
            }
        }
        for (Observation each : all) {
            if (put(host, each)) {
                changed.add(each.vm());
            }
        }
        return changed;
    }

    /**
     * The answer to a question and the stream may overtake each other, so what is older never replaces what is newer: an
     * epoch only grows, and a run that has ended does not begin again, though more may be told of how it was migrated.
     *
     * @return whether that is news
     */
    public boolean put(HostId host, Observation observation) {
        Map<String, Observation> runs = byHost.computeIfAbsent(host, first -> new ConcurrentHashMap<>());
        Observation before = runs.get(observation.uid());
        Observation after = runs.merge(observation.uid(), observation,
                (known, told) -> supersedes(told, known) ? told : known);
        hostsOf.compute(observation.vm(), (vm, hosts) -> {
            Set<HostId> with = hosts == null ? ConcurrentHashMap.newKeySet() : hosts;
            with.add(host);
            return with;
        });
        return !after.equals(before);
    }

    private static boolean supersedes(Observation told, Observation known) {
        return told.epoch() > known.epoch() || (told.epoch() == known.epoch() && (!known.ended() || told.ended()));
    }

    /**
     * The host has nothing of this VM any more.
     *
     * @return the name it had, if it was known
     */
    Optional<VmId> remove(HostId host, String uid) {
        Observation before = byHost.getOrDefault(host, Map.of()).remove(uid);
        if (before == null) {
            return Optional.empty();
        }
        if (on(host).stream().noneMatch(each -> each.vm().equals(before.vm()))) {
            hostsOf.computeIfPresent(before.vm(), (vm, hosts) -> {
                hosts.remove(host);
                return hosts.isEmpty() ? null : hosts;
            });
        }
        return Optional.of(before.vm());
    }
}
