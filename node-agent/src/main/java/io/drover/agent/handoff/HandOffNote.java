package io.drover.agent.handoff;

import io.drover.scheduler.migration.Move;
import java.util.Objects;

/**
 * What an agent that was killed leaves to the next one, made durable before it is acted upon.
 *
 * @param claimed whether this side may have asked for the next epoch: the source by an abort, the destination by a commit.
 *        If it has not, an owner of that epoch is another run's.
 */
public record HandOffNote(Role role, Move move, boolean claimed) {
    /** The side of the hand-off that this host is on. */
    public enum Role {
        SOURCE, DESTINATION
    }

    public HandOffNote {
        Objects.requireNonNull(role);
        Objects.requireNonNull(move);
    }

    /** The epoch that a commit gives to the destination, or an abort to the source. */
    static long nextEpoch(Move move) {
        return move.epoch() + 1;
    }
}
