package io.drover.controller.record;

/** What becomes of a VM when its host is lost, with the numbers of drover.v1.HaPolicy. */
public enum HaPolicy {
    /** It runs on whatever becomes of the control plane, and waits for its host. */
    NONE(1),
    /** It is started anew on another host; for that its guest runs under leases only. */
    RESTART(2);

    private final int number;

    HaPolicy(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
