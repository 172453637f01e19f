package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.Dimension;
import io.drover.scheduler.capacity.Fit;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Makes a decision: looks at every candidate once and keeps the best and the nearest miss. All hosts, not a sample:
 * the answer is then the best there is, and the same every time. The loop makes no objects and reads four numbers of
 * a host.
 */
final class Scan {
    private static final int NO_HOST = -1;

    private final HostTable hosts;
    private final HeldFiles files;

    // Scratch sets, kept so that a decision need not make them.
    private final HostBits candidates = new HostBits();
    private final HostBits holders = new HostBits();

    // The decision under way.
    private Demand demand = new Demand(1, 1);
    private Policy policy = Policy.PACK;
    private int feasible;
    private int best;
    private double bestScore;
    private double bestImage;
    private final Misses vcpuMisses = new Misses();
    private final Misses memoryMisses = new Misses();

    /** The hosts that one dimension rejected. */
    private static final class Misses {
        private int count;
        private int nearest;
        private long leastLacking;

        void clear() {
            count = 0;
            nearest = NO_HOST;
            leastLacking = Long.MAX_VALUE;
        }

        void add(int slot, long lacking, int[] ranks) {
            count++;
            if (lacking < leastLacking || (lacking == leastLacking && ranks[slot] < ranks[nearest])) {
                leastLacking = lacking;
                nearest = slot;
            }
        }
    }

    Scan(HostTable hosts, HeldFiles files) {
        this.hosts = hosts;
        this.files = files;
    }

    Placement place(HostClass hostClass, Request request, Policy wanted) {
        demand = request.demand();
        policy = wanted;
        feasible = 0;
        vcpuMisses.clear();
        memoryMisses.clear();
        int refused = 0;
        int withoutDisks = 0;
        int chosen = NO_HOST;
        Driver driver = Driver.BY_PREFERENCE.getLast();
        Score score = new Score(0, 0, 0);
        for (Driver each : Driver.BY_PREFERENCE) {
            candidates.copyFrom(hostClass.candidates(each));
            if (request.home().isPresent()) {
                withoutDisks += keepOnly(request.home().get());
            }
            refused += strikeOut(request.refused().keySet());
            scanCandidates(request);
            // A better driver decides alone; the others are scanned for the counts.
            if (chosen == NO_HOST && best != NO_HOST) {
                chosen = best;
                driver = each;
                score = new Score(Score.of(each), bestImage, bestScore - bestImage);
            }
        }
        int[] rejected = hostClass.rejected();
        rejected[Filter.DISKS.index()] = withoutDisks;
        rejected[Filter.REFUSED.index()] = refused;
        rejected[Filter.of(demand.cpuDimension()).index()] = vcpuMisses.count;
        rejected[Filter.of(demand.memoryDimension()).index()] = memoryMisses.count;
        Counts counts = new Counts(feasible, rejected);
        if (chosen == NO_HOST) {
            return new Placement.Unplaced(counts, nearestMiss(counts, hostClass, request));
        }
        return new Placement.Placed(hosts.facts(chosen).id(), driver, score, counts);
    }

    /** How many hosts that leaves out. */
    private int keepOnly(HostId home) {
        int before = candidates.count();
        OptionalInt slot = hosts.slotOf(home);
        boolean there = slot.isPresent() && candidates.contains(slot.getAsInt());
        candidates.clear();
        if (there) {
            candidates.add(slot.getAsInt());
        }
        return there ? before - 1 : before;
    }

    private int strikeOut(Iterable<HostId> refused) {
        int struck = 0;
        for (HostId host : refused) {
            OptionalInt slot = hosts.slotOf(host);
            if (slot.isPresent() && candidates.remove(slot.getAsInt())) {
                struck++;
            }
        }
        return struck;
    }

    private void scanCandidates(Request request) {
        best = NO_HOST;
        bestScore = Double.NEGATIVE_INFINITY;
        bestImage = 0;
        if (!request.imageFiles().isEmpty()) {
            holders.copyFrom(candidates);
            files.retainHolders(request.imageFiles(), holders);
            candidates.removeAll(holders);
            scan(holders.words(), Score.IMAGE_THERE);
        }
        scan(candidates.words(), 0);
    }

    private void scan(long[] words, double image) {
        // A VM uses up two things, whichever these are: the loop is the same for all.
        long[] freeVcpus = hosts.free(demand.cpuDimension());
        long[] freeMemory = hosts.free(demand.memoryDimension());
        double[] vcpuShare = hosts.share(demand.cpuDimension());
        double[] memoryShare = hosts.share(demand.memoryDimension());
        int[] ranks = hosts.ranks();
        long askedVcpus = demand.vcpus();
        long askedMemory = demand.memoryBytes();
        boolean pack = policy == Policy.PACK;
        int passed = 0;
        int top = best;
        double topScore = bestScore;
        for (int index = 0; index < words.length; index++) {
            for (long word = words[index]; word != 0; word &= word - 1) {
                int slot = (index << 6) + Long.numberOfTrailingZeros(word);
                long lacking = Fit.lacking(freeVcpus[slot], askedVcpus);
                if (lacking > 0) {
                    vcpuMisses.add(slot, lacking, ranks);
                    continue;
                }
                lacking = Fit.lacking(freeMemory[slot], askedMemory);
                if (lacking > 0) {
                    memoryMisses.add(slot, lacking, ranks);
                    continue;
                }
                passed++;
                double vcpusLeft = (freeVcpus[slot] - askedVcpus) * vcpuShare[slot];
                double memoryLeft = (freeMemory[slot] - askedMemory) * memoryShare[slot];
                double score = image + (pack ? 1 - (vcpusLeft + memoryLeft) / 2 : Math.min(vcpusLeft, memoryLeft));
                if (score > topScore || (score == topScore && ranks[slot] < ranks[top])) {
                    topScore = score;
                    top = slot;
                }
            }
        }
        feasible += passed;
        if (top != best) {
            best = top;
            bestScore = topScore;
            bestImage = image;
        }
    }

    private Optional<Rejection> nearestMiss(Counts counts, HostClass hostClass, Request request) {
        if (counts.considered() == 0) {
            return Optional.empty();
        }
        if (request.home().isPresent()) {
            return Optional.of(new Rejection.Home(request.home().get(), homeMiss(request.home().get(), request)));
        }
        Filter furthest = Filter.IN_ORDER.reversed().stream().filter(filter -> counts.rejectedBy(filter) > 0)
                .findFirst()
                .orElseThrow();
        return Optional.of(switch (furthest) {
            case MEMORY, HUGE_PAGES_2M, HUGE_PAGES_1G -> lacksMemory();
            case VCPUS, DEDICATED_CPUS -> lacksCpus();
            case REFUSED -> firstRefusal(hostClass, request);
            case READY, CORDONED, DRIVER, ARCHITECTURE, CPU_FEATURES, CPU_MODEL, LABELS, NETWORKS, RESOURCES, DISKS -> {
                int slot = hostClass.firstRejectedBy(furthest, hosts.ranks());
                yield Rejection.of(furthest, hosts.facts(slot), hostClass.constraints());
            }
        });
    }

    /** Why the only host that is asked does not do; empty when it is not there. */
    private Optional<Rejection> homeMiss(HostId home, Request request) {
        OptionalInt known = hosts.slotOf(home);
        if (known.isEmpty()) {
            return Optional.empty();
        }
        HostFacts facts = hosts.facts(known.getAsInt());
        Optional<Filter> byFacts = request.constraints().firstRejecting(facts);
        if (byFacts.isPresent()) {
            return byFacts.map(filter -> Rejection.of(filter, facts, request.constraints()));
        }
        String refusal = request.refused().get(home);
        if (refusal != null) {
            return Optional.of(new Rejection.Refused(home, refusal));
        }
        return Optional.of(vcpuMisses.count > 0 ? lacksCpus() : lacksMemory());
    }

    private Rejection lacksCpus() {
        return lacks(demand.cpuDimension(), vcpuMisses.nearest);
    }

    private Rejection lacksMemory() {
        return lacks(demand.memoryDimension(), memoryMisses.nearest);
    }

    private Rejection lacks(Dimension dimension, int slot) {
        return new Rejection.LacksCapacity(hosts.facts(slot).id(),
                new Fit.Lacks(dimension, hosts.free(dimension)[slot], demand.of(dimension)));
    }

    private Rejection firstRefusal(HostClass hostClass, Request request) {
        HostId first = request.refused().keySet().stream().filter(host -> isCandidate(host, hostClass))
                .min(HostId::compareTo)
                .orElseThrow();
        return new Rejection.Refused(first, request.refused().get(first));
    }

    private boolean isCandidate(HostId host, HostClass hostClass) {
        OptionalInt slot = hosts.slotOf(host);
        return slot.isPresent()
                && Driver.BY_PREFERENCE.stream()
                        .anyMatch(driver -> hostClass.candidates(driver).contains(slot.getAsInt()));
    }
}
