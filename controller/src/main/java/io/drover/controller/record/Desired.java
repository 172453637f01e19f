package io.drover.controller.record;

import java.time.Duration;

/** What a user wants of a VM. */
public sealed interface Desired {
    record Running() implements Desired {}

    /**
     * Off, the guest asked first.
     *
     * @param grace how long the guest has to obey the power button; zero stops it by force, at once
     */
    record Stopped(Duration grace) implements Desired {
        public Stopped {
            if (grace.isNegative()) {
                throw new IllegalArgumentException("grace : " + grace + " (expected: not negative)");
            }
        }
    }

    /** Saved to its host's disk, to go on from there. */
    record Suspended() implements Desired {}

    /** Stopped by force, removed from its host, then the record goes. */
    record Deleted() implements Desired {}
}
