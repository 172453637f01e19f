package io.drover.vmm.migration.stream;

import java.io.IOException;

/** The stream has come to nothing; the message is for the operator. */
public final class StreamException extends IOException {
    private static final long serialVersionUID = 1;

    private final FailureKind kind;

    public StreamException(FailureKind kind, String message) {
        super(message);
        this.kind = kind;
    }

    /** What it comes down to. */
    public FailureKind kind() {
        return kind;
    }
}
