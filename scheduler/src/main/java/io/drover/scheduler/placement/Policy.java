package io.drover.scheduler.placement;

/** Which of the hosts that fit is filled first. */
public enum Policy {
    /** The fullest, so that others stay free for large VMs or can be switched off. */
    PACK,
    /** The one whose scarcest dimension has most left, so that VMs disturb each other least. */
    SPREAD
}
