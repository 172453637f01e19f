package io.drover.lab;

import java.io.IOException;

/** The lab cannot do what was asked. The message is for the user: what is wrong, and what to do next. */
public final class LabException extends IOException {
    public LabException(String message) {
        super(message);
    }

    public LabException(String message, Throwable cause) {
        super(message, cause);
    }
}
