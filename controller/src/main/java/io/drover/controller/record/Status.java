package io.drover.controller.record;

import java.time.Instant;

/**
 * Where a VM stands, and why.
 *
 * @param message why the VM is in this phase, for people; may be empty
 */
public record Status(Phase phase, String message, Instant since) {
    public Status {
        message = Texts.cut(message);
    }
}
