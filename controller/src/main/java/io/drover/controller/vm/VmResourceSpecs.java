package io.drover.controller.vm;

import io.drover.controller.problem.Violations;
import io.drover.controller.record.Resources;
import io.drover.controller.record.Resources.Numa;
import io.drover.proto.v1.VmResources;
import io.drover.proto.v1.VmSpec;
import io.drover.scheduler.capacity.PageSize;

/** What of its host a VM is given, in the public API: checked on the way in, shown on the way out. */
final class VmResourceSpecs {
    private static final int MAX_NODE = 1_023;
    private static final int MIN_LIMIT_MILLIS = 10;
    private static final int MAX_LIMIT_MILLIS = 1_000_000;
    private static final int MAX_WEIGHT = 10_000;

    private VmResourceSpecs() {}

    static Resources read(VmSpec spec, String field, Violations violations) {
        VmResources asked = spec.getResources();
        String path = field + ".resources";
        PageSize pages = switch (asked.getHugePages()) {
            case HUGE_PAGES_UNSPECIFIED, UNRECOGNIZED -> PageSize.SMALL;
            case HUGE_2M -> PageSize.HUGE_2M;
            case HUGE_1G -> PageSize.HUGE_1G;
        };
        violations.require(asked.getHugePages() != VmResources.HugePages.UNRECOGNIZED, path + ".huge_pages",
                asked.getHugePagesValue() + " (expected: HUGE_2M, HUGE_1G or nothing)");
        violations.require(spec.getMemoryBytes() % pages.bytes() == 0, path + ".huge_pages",
                asked.getHugePages() + " with memory of " + spec.getMemoryBytes()
                        + " bytes (expected: memory of whole pages)");
        violations.require(pages == PageSize.SMALL || !spec.hasBalloon(), path + ".huge_pages",
                asked.getHugePages() + " with a balloon (expected: one of them, as what a guest gives back is smaller"
                        + " than a page)");
        violations.require(!asked.hasNumaNode() || (asked.getNumaNode() >= 0 && asked.getNumaNode() <= MAX_NODE),
                path + ".numa_node", asked.getNumaNode() + " (expected: 0 to " + MAX_NODE + ")");
        violations.require(!asked.getNumaAuto() || !asked.hasNumaNode(), path + ".numa_auto",
                "with numa_node " + asked.getNumaNode() + " (expected: one of them)");
        violations.require(!asked.getNumaAuto() || asked.getDedicatedCpus(), path + ".numa_auto",
                "without dedicated_cpus (expected: with them, as it means their nodes)");
        int limit = asked.getCpuLimitMillis();
        violations.require(limit == 0 || (limit >= MIN_LIMIT_MILLIS && limit <= MAX_LIMIT_MILLIS),
                path + ".cpu_limit_millis",
                limit + " (expected: " + MIN_LIMIT_MILLIS + " to " + MAX_LIMIT_MILLIS + ", or 0 for none)");
        violations.require(asked.getCpuWeight() >= 0 && asked.getCpuWeight() <= MAX_WEIGHT, path + ".cpu_weight",
                asked.getCpuWeight() + " (expected: 1 to " + MAX_WEIGHT + ", or 0 for the usual)");
        Numa numa = asked.getNumaAuto() ? new Numa.OfCpus()
                : asked.hasNumaNode() ? new Numa.Node(asked.getNumaNode()) : new Numa.Any();
        return new Resources(pages, asked.getPrefault(), numa, asked.getDedicatedCpus(), limit, asked.getCpuWeight());
    }

    static VmResources message(Resources resources) {
        VmResources.Builder message = VmResources.newBuilder().setPrefault(resources.prefault())
                .setDedicatedCpus(resources.dedicatedCpus()).setCpuLimitMillis(resources.cpuLimitMillis())
                .setCpuWeight(resources.cpuWeight()).setHugePages(switch (resources.pages()) {
                    case SMALL -> VmResources.HugePages.HUGE_PAGES_UNSPECIFIED;
                    case HUGE_2M -> VmResources.HugePages.HUGE_2M;
                    case HUGE_1G -> VmResources.HugePages.HUGE_1G;
                });
        switch (resources.numa()) {
            case Numa.Any _ -> {
                // Nothing is said then.
            }
            case Numa.Node(int number) -> message.setNumaNode(number);
            case Numa.OfCpus _ -> message.setNumaAuto(true);
        }
        return message.build();
    }
}
