package io.drover.controller.record;

import java.util.List;
import java.util.Map;

/**
 * What a user asked for.
 *
 * @param driver "kvm", "qemu", or empty for the best that a host offers
 * @param hostSelector labels that a host must have, with these values
 * @param cpuFeatures features that a host must have, as in /proc/cpuinfo
 */
public record VmSpec(int vcpus, long memoryBytes, ImageId image, String extraCommandLine, String driver,
        Map<String, String> hostSelector, List<String> cpuFeatures) {
    public VmSpec {
        if (vcpus < 1) {
            throw new IllegalArgumentException("vcpus : " + vcpus + " (expected: at least 1)");
        }
        if (memoryBytes < 1) {
            throw new IllegalArgumentException("memory bytes : " + memoryBytes + " (expected: at least 1)");
        }
        hostSelector = Map.copyOf(hostSelector);
        cpuFeatures = List.copyOf(cpuFeatures);
    }
}
