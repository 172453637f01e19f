package io.drover.agent.driver;

import java.io.Serial;

/** This run of a machine cannot have the change of its devices, whenever it is asked; nothing was changed. */
public final class DeviceRefusedException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    /** With what is refused and why, and what to do instead. */
    public DeviceRefusedException(String message) {
        super(message);
    }
}
