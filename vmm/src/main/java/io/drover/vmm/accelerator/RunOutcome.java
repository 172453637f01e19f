package io.drover.vmm.accelerator;

/** Why a CPU came back to the thread that runs it. */
public enum RunOutcome {
    /** Nothing to do but to run it again. */
    CONTINUE,
    /** It was kicked. */
    INTERRUPTED,
    /** The CPU has shut down after a triple fault. */
    TRIPLE_FAULT,
    /** The guest asked the accelerator itself to power off. */
    POWER_OFF,
    /** The guest asked the accelerator itself for a reset. */
    RESET,
    /** The guest told the accelerator itself that it has crashed. */
    CRASH,
    /** The accelerator cannot go on: see {@link VirtualCpu#describe}. */
    FAILED
}
