package io.drover.agent.driver;

import java.io.Serial;

/** The kernel, the initramfs or the command line cannot be booted: no other host would fare better. */
public final class UnbootableException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    public UnbootableException(String message) {
        super(message);
    }
}
