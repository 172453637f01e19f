package io.drover.controller.record;

import java.time.Instant;

/** How a run of a VM ended. */
public record RunEnd(Cause cause, String message, Instant time) {
    public RunEnd {
        message = Texts.cut(message);
    }

    /** The causes of drover.v1.VmExit, with its numbers. */
    public enum Cause {
        GUEST_POWERED_OFF(1), GUEST_REBOOTED(2), GUEST_PANICKED(3), STOPPED(4), KILLED(5), VMM_FAILED(6),
        START_FAILED(7), HOST_FAILED(8),
        /** It was saved, or could not go on from what was saved, which is still there. */
        SUSPENDED(9);

        private final int number;

        Cause(int number) {
            this.number = number;
        }

        public int number() {
            return number;
        }

        /** An unknown number, of a newer agent, is a failure that nobody can name. */
        public static Cause of(int number) {
            for (Cause cause : values()) {
                if (cause.number == number) {
                    return cause;
                }
            }
            return VMM_FAILED;
        }
    }
}
