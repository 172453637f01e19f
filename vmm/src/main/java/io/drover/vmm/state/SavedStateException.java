package io.drover.vmm.state;

import java.io.IOException;
import java.io.Serial;

/** A saved state cannot be gone on from, here or anywhere. The message names what is wrong with it, for the operator. */
public final class SavedStateException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    public SavedStateException(String message) {
        super(message);
    }

    public SavedStateException(String message, Throwable cause) {
        super(message, cause);
    }
}
