package io.drover.controller.record;

/** Where a VM stands, as its users see it. */
public enum Phase {
    PENDING, STARTING, RUNNING, STOPPING, STOPPED, FAILED, DELETING
}
