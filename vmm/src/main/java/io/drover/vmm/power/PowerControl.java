package io.drover.vmm.power;

/**
 * What a guest can ask of its machine as a whole. Called on the vCPU thread whose write asked for it, perhaps on several at
 * once; returns at once, and the guest may run on for a few instructions.
 */
public interface PowerControl {
    /** ACPI state S5: off, and meant. */
    void powerOff();

    /** A reboot, by whatever port. */
    void reset();

    /**
     * The guest's kernel has given up.
     *
     * @param how
     *            for the operator: who said so, as "pvpanic: panicked"
     */
    void panicked(String how);

    /** The guest's kernel has given up, and a crash kernel of the guest's own takes over to save a dump: the machine runs on. */
    default void crashKernelStarting() {}
}
