package io.drover.controller.record;

import java.time.Duration;

/**
 * How a host treats VMs that run under leases.
 *
 * @param length how long such a guest runs on after the last sign of ZooKeeper
 * @param takeoverWait how long after the end of the host's session its VMs are left alone
 */
public record HostLease(Duration length, Duration takeoverWait) {
    public HostLease {
        if (takeoverWait.compareTo(length) < 0) {
            throw new IllegalArgumentException(
                    "takeover wait : " + takeoverWait + " (expected: at least the lease, " + length + ")");
        }
    }
}
