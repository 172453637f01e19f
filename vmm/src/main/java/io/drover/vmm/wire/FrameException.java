package io.drover.vmm.wire;

import java.io.IOException;

/** The peer sent what cannot be a frame: there is no way to find the next one, the connection must end. */
public final class FrameException extends IOException {
    private static final long serialVersionUID = 1;

    FrameException(String message) {
        super(message);
    }
}
