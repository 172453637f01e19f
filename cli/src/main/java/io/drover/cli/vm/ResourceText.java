package io.drover.cli.vm;

import io.drover.proto.v1.VmResources;
import java.math.BigDecimal;

/** What of its host a VM is given, for people. */
final class ResourceText {
    private ResourceText() {}

    /** "2 MiB", or nothing. */
    static String hugePages(VmResources resources) {
        return switch (resources.getHugePages()) {
            case HUGE_2M -> "2 MiB";
            case HUGE_1G -> "1 GiB";
            case HUGE_PAGES_UNSPECIFIED, UNRECOGNIZED -> "";
        };
    }

    static String numa(VmResources resources) {
        if (resources.getNumaAuto()) {
            return "of its CPUs";
        }
        return resources.hasNumaNode() ? String.valueOf(resources.getNumaNode()) : "";
    }

    /** "1.5 CPUs", or nothing. */
    static String limit(VmResources resources) {
        int millis = resources.getCpuLimitMillis();
        return millis == 0 ? ""
                : BigDecimal.valueOf(millis, 3).stripTrailingZeros().toPlainString()
                        + (millis == 1_000 ? " CPU" : " CPUs");
    }
}
