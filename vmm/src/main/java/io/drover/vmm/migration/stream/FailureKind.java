package io.drover.vmm.migration.stream;

/** Why a stream came to nothing. */
public enum FailureKind {
    /** The connection ended, or could not be made. */
    CUT(1),
    /** Nothing went or came for too long. */
    STALLED(2),
    /** What came is not what the protocol allows, or not what was sent. */
    DAMAGED(3),
    /** The two ends have no version of the protocol in common. */
    VERSION(4),
    /** The receiver has no such machine: other memory, or its state cannot be loaded. */
    MISMATCH(5),
    /** The receiving host has not the memory. */
    NO_MEMORY(6),
    /** Somebody asked for it. */
    CANCELLED(7),
    /** Busy guest: it did not converge, and the operator wants it to stay then. */
    NOT_CONVERGED(8),
    /** This end itself failed. */
    FAILED(9),
    /** The receiving host has no room for a disk. */
    NO_SPACE(10),
    /** A disk that is sent is not there at the receiver's, is of another size, or cannot be written to. */
    DISK(11);

    private final int number;

    FailureKind(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    /** What a peer says; one that is not known counts as {@link #FAILED}. */
    static FailureKind of(int number) {
        for (FailureKind kind : values()) {
            if (kind.number == number) {
                return kind;
            }
        }
        return FAILED;
    }
}
