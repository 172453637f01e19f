package io.drover.controller.record;

import java.time.Instant;

/** A host refused to run a VM although the scheduler thought that it fits. */
public record Refusal(HostId host, String message, Instant time) {
    public Refusal {
        message = Texts.cut(message);
    }
}
