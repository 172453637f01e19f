package io.drover.vmm.client;

import java.io.IOException;
import java.io.Serial;

/** A file is not the disk image that it is said to be, or not one that a disk can be made of: on no host. */
public final class UnusableImageException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    UnusableImageException(String message) {
        super(message);
    }

    UnusableImageException(IOException cause) {
        super(cause.getMessage(), cause);
    }
}
