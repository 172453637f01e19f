package io.drover.vmm.net;

/** Hears whether a network can be reached. */
@FunctionalInterface
public interface LinkListener {
    /** Any thread; returns soon. */
    void linkChanged(boolean up);
}
