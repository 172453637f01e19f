package io.drover.vmm.machine;

/** Hears each state that a machine comes to, in order, on the machine's thread and under no lock. */
@FunctionalInterface
public interface MachineListener {
    void changed(MachineState state);
}
