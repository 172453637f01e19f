package io.drover.lab.tests;

import io.drover.lab.LabHost;
import java.util.List;

/**
 * Two emulated hosts in one network.
 *
 * @param first that all tests share
 */
record HostPair(LabHost first, LabHost second) {
    List<LabHost> hosts() {
        return List.of(first, second);
    }
}
