package io.drover.cli.vm;

import io.drover.cli.option.HugePagesOption;
import io.drover.proto.v1.VmResources;
import io.drover.proto.v1.VmSpec;
import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What of its host a VM is given beside a share of CPUs and memory. */
final class ResourceOptions {
    private static final String AUTO = "auto";

    @Option(names = "--huge-pages", paramLabel = "SIZE", completionCandidates = HugePagesOption.class,
            converter = HugePagesOption.class,
            description = "Memory of pages that the host has set aside: 2M or 1G. Not with --balloon.")
    private VmResources.HugePages hugePages = VmResources.HugePages.HUGE_PAGES_UNSPECIFIED;
    @Option(names = "--prefault", description = "All memory is taken before the guest's first instruction.")
    private boolean prefault;
    @Option(names = "--numa-node", paramLabel = "NODE", completionCandidates = Node.class, converter = Node.class,
            description = "The NUMA node that the memory comes from: a number, or auto, those of its dedicated CPUs.")
    private VmResources numa = VmResources.getDefaultInstance();
    @Option(names = "--dedicated-cpus",
            description = "A CPU of the host for each vCPU, of those that its operator has set aside.")
    private boolean dedicatedCpus;
    @Option(names = "--cpu-limit", paramLabel = "CPUS", converter = Limit.class,
            description = "The CPU time that it may take, such as 1.5 CPUs; 0.01 at least.")
    private int cpuLimitMillis;
    @Option(names = "--cpu-weight", paramLabel = "WEIGHT",
            description = "Its share where VMs compete for CPUs: 1 to 10000, usually 100.")
    private int cpuWeight;

    /** A number, or a word. */
    static final class Node implements ITypeConverter<VmResources>, Iterable<String> {
        @Override
        public VmResources convert(String text) {
            if (text.equals(AUTO)) {
                return VmResources.newBuilder().setNumaAuto(true).build();
            }
            if (text.matches("[0-9]{1,4}")) {
                return VmResources.newBuilder().setNumaNode(Integer.parseInt(text)).build();
            }
            throw new TypeConversionException("'" + text + "' (expected: a number or auto)");
        }

        @Override
        public Iterator<String> iterator() {
            return List.of(AUTO).iterator();
        }
    }

    /** CPUs with a fraction, in thousandths. */
    static final class Limit implements ITypeConverter<Integer> {
        private static final BigDecimal MAX = BigDecimal.valueOf(1_000);

        @Override
        public Integer convert(String text) {
            try {
                BigDecimal cpus = new BigDecimal(text);
                if (cpus.signum() > 0 && cpus.compareTo(MAX) <= 0) {
                    return cpus.movePointRight(3).intValueExact();
                }
            } catch (ArithmeticException | NumberFormatException expected) {
                // Told below.
            }
            throw new TypeConversionException("'" + text
                    + "' (expected: CPUs such as 1.5, above 0, at most 1000, with three digits behind the point)");
        }
    }

    /** Puts into a spec what was typed; nothing if nothing was. */
    void addTo(VmSpec.Builder spec) {
        VmResources.Builder resources = numa.toBuilder().setHugePages(hugePages).setPrefault(prefault)
                .setDedicatedCpus(dedicatedCpus).setCpuLimitMillis(cpuLimitMillis).setCpuWeight(cpuWeight);
        if (!resources.build().equals(VmResources.getDefaultInstance())) {
            spec.setResources(resources);
        }
    }
}
