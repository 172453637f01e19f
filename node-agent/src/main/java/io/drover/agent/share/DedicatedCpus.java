package io.drover.agent.share;

import io.drover.agent.host.HostTopology;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableSet;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * The CPUs that an operator has set aside for VMs that have CPUs to themselves. Which of them a VM gets is decided once, when it
 * is taken in, and is part of what is kept of it.
 *
 * @param cpus set aside
 * @param topology of the host
 */
record DedicatedCpus(NavigableSet<Integer> cpus, HostTopology topology) {
    DedicatedCpus {
        cpus = new TreeSet<>(cpus);
    }

    /**
     * The CPUs for a VM: of the node that is asked for as far as it goes; else of the node with the fewest left that has
     * enough, so that large gaps stay; else of as few nodes as it takes, those with the most left first.
     *
     * @param taken by other VMs
     * @param count how many are left must have been looked at
     * @throws IllegalStateException when there are not so many
     */
    List<Integer> allot(Collection<Integer> taken, int count, OptionalInt node) {
        NavigableSet<Integer> free = new TreeSet<>(cpus);
        free.removeAll(new HashSet<>(taken));
        if (free.size() < count) {
            throw new IllegalStateException("dedicated CPUs : " + count + " (expected: at most the " + free.size()
                    + " that are free)");
        }
        List<NavigableSet<Integer>> groups = new ArrayList<>();
        Set<Integer> grouped = new HashSet<>();
        for (HostTopology.Node each : topology.nodes()) {
            NavigableSet<Integer> its = new TreeSet<>(free);
            its.retainAll(each.cpus());
            grouped.addAll(its);
            if (node.equals(OptionalInt.of(each.number()))) {
                groups.addFirst(its);
            } else {
                groups.add(its);
            }
        }
        NavigableSet<Integer> others = new TreeSet<>(free);
        others.removeAll(grouped);
        groups.add(others);
        return node.isPresent() ? first(groups, count) : fitting(groups, count);
    }

    private static List<Integer> fitting(List<NavigableSet<Integer>> groups, int count) {
        return groups.stream().filter(group -> group.size() >= count).min(Comparator.comparingInt(NavigableSet::size))
                .map(group -> first(List.of(group), count))
                .orElseGet(() -> first(groups.stream()
                        .sorted(Comparator.<NavigableSet<Integer>>comparingInt(NavigableSet::size).reversed()).toList(),
                        count));
    }

    private static List<Integer> first(List<NavigableSet<Integer>> groups, int count) {
        return groups.stream().flatMap(NavigableSet::stream).limit(count).toList();
    }

    /** What the other VMs, and all other threads, run on. */
    NavigableSet<Integer> shared() {
        NavigableSet<Integer> shared = new TreeSet<>(topology.cpus());
        shared.removeAll(cpus);
        return shared;
    }

    /** The nodes that these CPUs belong to. */
    List<Integer> nodesOf(Collection<Integer> some) {
        return topology.nodes().stream().filter(node -> some.stream().anyMatch(node.cpus()::contains))
                .map(HostTopology.Node::number).toList();
    }
}
