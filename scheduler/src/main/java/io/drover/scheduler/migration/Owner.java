package io.drover.scheduler.migration;

import io.drover.scheduler.host.HostId;
import java.util.Objects;

/** The one host that may run a VM, under a number that no other owner of that VM had or will have. */
public record Owner(HostId host, long epoch) {
    public Owner {
        Objects.requireNonNull(host);
        if (epoch < 1) {
            throw new IllegalArgumentException("epoch : " + epoch + " (expected: at least 1)");
        }
    }

    @Override
    public String toString() {
        return "host " + host + " with epoch " + epoch;
    }
}
