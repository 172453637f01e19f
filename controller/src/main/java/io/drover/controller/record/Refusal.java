package io.drover.controller.record;

import java.time.Instant;

/**
 * A host refused to run a VM although the scheduler thought that it fits, or could not start it.
 *
 * @param failures how many starts of this generation hosts have failed by faults of their own, up to this refusal
 */
public record Refusal(HostId host, String message, Instant time, int failures) {
    public Refusal {
        if (failures < 0) {
            throw new IllegalArgumentException("failures : " + failures + " (expected: not negative)");
        }
        message = Texts.cut(message);
    }
}
