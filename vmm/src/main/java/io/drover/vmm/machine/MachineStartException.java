package io.drover.vmm.machine;

import java.io.Serial;

/** A machine that no host can put together. The message is for the operator and names the value and the way out. */
public final class MachineStartException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    public MachineStartException(String message, Throwable cause) {
        super(message, cause);
    }
}
