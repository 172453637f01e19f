package io.drover.controller.record;

/** The one host that may run a VM, under a number that no other owner of that VM had or will have. */
public record Owner(HostId host, long epoch) {
    public Owner {
        if (epoch < 1) {
            throw new IllegalArgumentException("epoch : " + epoch + " (expected: at least 1)");
        }
    }
}
