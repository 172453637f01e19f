package io.drover.vmm.virtio;

/** Whether the guest lets a function touch its memory (the command register's bus master bit). */
final class BusMaster {
    private volatile boolean allowed;

    boolean isAllowed() {
        return allowed;
    }

    void allow(boolean allow) {
        allowed = allow;
    }
}
