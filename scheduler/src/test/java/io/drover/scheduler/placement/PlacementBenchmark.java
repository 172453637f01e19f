package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Decisions per second, against the {@linkplain NaiveCluster naive} scheduler on the same hosts and requests. A
 * decision is a placement over all hosts and, where one was found, its reservation and the release of the VM placed
 * longest ago, so that the cluster stays as full as it was but never the same.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class PlacementBenchmark {
    private static final long GIB = 1L << 30;
    private static final int REQUESTS = 1024;

    /** What is asked, and of what cluster. */
    public enum Scenario {
        /** Capacity only; the hosts are 60 % full. */
        PLAIN,
        /** Labels and CPU features too, in eight variants. */
        CONSTRAINED,
        /** Capacity only, and no host has it. */
        FULL
    }

    @Param({"100", "1000", "5000"})
    public int hosts;

    @Param
    public Scenario scenario = Scenario.PLAIN;

    private final Cluster cluster = new Cluster();
    private final NaiveCluster naive = new NaiveCluster();
    private final Queue<VmUid> placed = new ArrayDeque<>();
    private final Queue<VmUid> naivePlaced = new ArrayDeque<>();
    private final List<Request> requests = new ArrayList<>();
    private long decisions;

    @Setup(Level.Trial)
    public void fillHosts() {
        Random random = new Random(1);
        for (int n = 0; n < hosts; n++) {
            put(host(n, random));
        }
        for (int n = 0; n < REQUESTS; n++) {
            requests.add(request(random));
        }
        for (int n = 0; n < hosts; n++) {
            // All or six tenths of 256 vCPUs and 256 GiB.
            int vms = scenario == Scenario.FULL ? 16 : 9 + random.nextInt(2);
            for (int vm = 0; vm < vms; vm++) {
                restore(new VmUid("filled-" + n + "-" + vm), new HostId("h" + n), new Demand(16, 16 * GIB));
            }
        }
        checkScenario();
    }

    /** A benchmark of a cluster where every host is rejected early would be fast and worth nothing. */
    private void checkScenario() {
        Counts counts = cluster.place(requests.getFirst(), Policy.PACK).counts();
        int decidedByCapacity = counts.feasible() + counts.rejectedBy(Filter.VCPUS) + counts.rejectedBy(Filter.MEMORY);
        int leastDecided = scenario == Scenario.CONSTRAINED ? hosts / 8 : hosts * 98 / 100;
        if (decidedByCapacity < leastDecided || (counts.feasible() == 0) != (scenario == Scenario.FULL)) {
            throw new IllegalStateException(
                    "feasible " + counts.feasible() + ", " + counts + " (expected: " + scenario + ")");
        }
    }

    private HostFacts host(int n, Random random) {
        Set<String> features = random.nextInt(10) < 7 ? Set.of("sse4_2", "avx", "avx2", "avx512f")
                : Set.of("sse4_2", "avx");
        Map<String, String> labels = Map.of("zone", "z" + n % 4, "disk", n % 2 == 0 ? "ssd" : "nvme", "rack",
                "r" + n / 40);
        return new HostFacts(new HostId("h" + n), n % 100 != 17, n % 100 == 43, Set.of(Driver.KVM, Driver.QEMU),
                "x86_64", features,
                labels, Set.of(), new HostCapacity(256, 256 * GIB));
    }

    private Request request(Random random) {
        Request plain = Request.of(new Demand(1 << random.nextInt(4), (1L << random.nextInt(4)) * GIB));
        if (scenario != Scenario.CONSTRAINED) {
            return plain;
        }
        Constraints constraints = Constraints.NONE.withArchitecture("x86_64")
                .withLabels(Map.of("zone", "z" + random.nextInt(4)));
        return plain.withConstraints(
                random.nextBoolean() ? constraints.withCpuFeatures(Set.of("avx2", "avx512f")) : constraints);
    }

    private void put(HostFacts host) {
        cluster.put(host);
        naive.put(host);
    }

    private void restore(VmUid vm, HostId host, Demand demand) {
        cluster.restore(vm, host, demand);
        naive.restore(vm, host, demand);
    }

    private Request nextRequest() {
        return requests.get((int) (decisions++ % REQUESTS));
    }

    @Benchmark
    public Placement drover() {
        Request request = nextRequest();
        Placement placement = cluster.place(request, Policy.PACK);
        if (placement instanceof Placement.Placed found) {
            VmUid vm = new VmUid("vm" + decisions);
            cluster.reserve(vm, found.host(), request.demand());
            placed.add(vm);
            if (placed.size() > hosts) {
                cluster.release(placed.remove());
            }
        }
        return placement;
    }

    @Benchmark
    public Placement naive() {
        Request request = nextRequest();
        Placement placement = naive.place(request, Policy.PACK);
        if (placement instanceof Placement.Placed found) {
            VmUid vm = new VmUid("vm" + decisions);
            naive.reserve(vm, found.host(), request.demand());
            naivePlaced.add(vm);
            if (naivePlaced.size() > hosts) {
                naive.release(naivePlaced.remove());
            }
        }
        return placement;
    }

    /**
     * Runs all and prints a table of decisions per second.
     *
     * @param args as JMH takes them
     */
    public static void main(String[] args) throws CommandLineOptionException, RunnerException {
        Collection<RunResult> results = new Runner(new OptionsBuilder().parent(new CommandLineOptions(args))
                .include(PlacementBenchmark.class.getName() + "\\..*").build()).run();
        Map<String, Map<String, Double>> table = new TreeMap<>();
        for (RunResult result : results) {
            String row = "%-12s %5s".formatted(result.getParams().getParam("scenario"),
                    result.getParams().getParam("hosts"));
            table.computeIfAbsent(row, first -> new TreeMap<>())
                    .put(result.getPrimaryResult().getLabel(), result.getPrimaryResult().getScore());
        }
        System.out.println("\nscenario     hosts   decisions/s   naive/s   ratio");
        table.forEach((row, scores) -> {
            double drover = scores.getOrDefault("drover", Double.NaN);
            double naive = scores.getOrDefault("naive", Double.NaN);
            System.out.printf("%s %,13.0f %,9.0f %7.0f%n", row, drover, naive, drover / naive);
        });
    }
}
