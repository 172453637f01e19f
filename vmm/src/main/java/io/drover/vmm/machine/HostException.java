package io.drover.vmm.machine;

import java.io.IOException;
import java.io.Serial;

/** This host cannot make the machine, another may. The message is for the operator and names the value and the way out. */
public final class HostException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    public HostException(String message) {
        super(message);
    }

    public HostException(String message, Throwable cause) {
        super(message, cause);
    }
}
