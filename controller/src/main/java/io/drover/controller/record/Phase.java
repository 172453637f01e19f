package io.drover.controller.record;

/** Where a VM stands, as its users see it. */
public enum Phase {
    PENDING, STARTING, RUNNING, STOPPING, STOPPED, FAILED, DELETING,
    /** Its guest stands still and is being saved. */
    SUSPENDING,
    /** Saved: it goes on from there when it is started. */
    SUSPENDED
}
