package io.drover.vmm.machine;

/** Why something that a machine was asked to do was not done; the names are those of the control protocol. */
public enum Refusal {
    /** This machine has no such thing. */
    UNSUPPORTED,
    /** What was asked for can never be. */
    BAD_REQUEST,
    /** There is another device of that name. */
    CONFLICT,
    /** It was asked for under another epoch than the VMM's own. */
    WRONG_EPOCH,
    /** Another VM, or another host, has the image of a disk; the guest goes on standing still. */
    DISK_IN_USE,
    /** It may be asked for again in a moment. */
    BUSY,
    /** The host could not: a file that cannot be opened, a disk that is full. */
    HOST_FAILED,
    /** Whoever asked for it wanted it no more. */
    CANCELLED,
    /** It is not the time for it. */
    FAILED
}
