package io.drover.agent.vm;

/** The points of a start between which an agent may die; what is durable differs at each. */
public enum StartStep {
    /** The record was read, nothing is written. */
    CHECKED,
    /** {@code local.pb} says STARTING. */
    INTENT_RECORDED,
    /** The VM's disks are there, as far as it has any. */
    DISKS_MADE,
    /** What its nics need of the host is there, as far as it has any. */
    NICS_MADE,
    /** The process runs the guest. */
    SPAWNED,
    /** {@code local.pb} says RUNNING, with the process. */
    RUN_RECORDED;

    /** Told of each step. The agent's own does nothing; tests make it fatal. */
    @FunctionalInterface
    public interface Witness {
        void reached(StartStep step);
    }
}
