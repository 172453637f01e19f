package io.drover.vmm.client;

import java.io.Serial;

/** The VMM is there and said no: nothing was done. */
public final class VmmRefusedException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final String reason;

    VmmRefusedException(String reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** "UNSUPPORTED", "WRONG_EPOCH", "BAD_REQUEST", "CONFLICT", "BUSY", "HOST_FAILED" or "FAILED" (vmm.proto). */
    public String reason() {
        return reason;
    }
}
