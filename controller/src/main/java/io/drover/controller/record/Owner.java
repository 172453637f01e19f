package io.drover.controller.record;

/**
 * The one host that may run a VM, under a number that no other owner of that VM had or will have.
 *
 * @param leased whether it runs it under leases only, so that it has stopped when it is lost for long enough
 */
public record Owner(HostId host, long epoch, boolean leased) {
    public Owner {
        if (epoch < 1) {
            throw new IllegalArgumentException("epoch : " + epoch + " (expected: at least 1)");
        }
    }

    /** Without leases. */
    public Owner(HostId host, long epoch) {
        this(host, epoch, false);
    }
}
