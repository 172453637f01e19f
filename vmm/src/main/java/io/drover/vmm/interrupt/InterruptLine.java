package io.drover.vmm.interrupt;

/**
 * One interrupt line of the machine, from the device's side: a level, that the interrupt controller turns into what the guest
 * has asked for (an edge, a level).
 */
@FunctionalInterface
public interface InterruptLine {
    /**
     * Sets the level. Setting it again changes nothing. Called on any thread and under the device's own lock, so that levels
     * arrive in the order of the device's states: it must not block for long and never call back into the device.
     */
    void set(boolean asserted);
}
