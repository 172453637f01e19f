package io.drover.vmm.migration;

import io.drover.vmm.migration.stream.FailureKind;
import java.time.Duration;

/**
 * Where the sending of a guest is.
 *
 * <pre>
 *  Connecting ─► Copying ◄─► Converged ─► Switching ─► Sent
 *      └────────────┴───────────┴────────────┴──► Failed
 * </pre>
 */
public sealed interface SendState {
    /** The guest runs; the two ends greet each other. */
    record Connecting() implements SendState {}

    /** The guest runs while its memory is sent. */
    record Copying() implements SendState {}

    /** The guest runs, and could be switched: what changes is sent on, until that is permitted. */
    record Converged() implements SendState {}

    /** The guest stands still, or is about to; what is left is sent. */
    record Switching() implements SendState {}

    /** The other side has said that it has all of it, verified and loaded. The guest stands still. */
    record Sent(Downtime downtime) implements SendState {}

    /**
     * It has come to nothing.
     *
     * @param stopped
     *            whether the guest stands still here: whoever decides lets it run. Else it never stood still
     */
    record Failed(FailureKind kind, String why, boolean stopped) implements SendState {}

    /**
     * How long the guest has stood still, up to when the other side had everything, in parts.
     *
     * @param pausing
     *            until no vCPU was in the guest and no device did anything
     * @param lastPages
     *            to find and send what was left of memory
     * @param saving
     *            the devices' state, and what that changed in memory
     * @param loading
     *            to send the state, and for the other side to verify and load everything
     */
    record Downtime(Duration pausing, Duration lastPages, Duration saving, Duration loading) {
        /** All together. */
        public Duration total() {
            return pausing.plus(lastPages).plus(saving).plus(loading);
        }
    }

    /** Whether nothing more will come. */
    default boolean isEnd() {
        return switch (this) {
            case Sent _,Failed _ -> true;
            case Connecting _,Copying _,Converged _,Switching _ -> false;
        };
    }
}
