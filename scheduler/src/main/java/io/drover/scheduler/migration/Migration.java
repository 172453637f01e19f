package io.drover.scheduler.migration;

import java.util.Objects;
import java.util.Optional;

/** Where the latest migration of a VM stands, as its record says. */
public sealed interface Migration {
    /** The attempt; empty when there never was one. */
    Optional<Move> attempt();

    /** Whether it has not come to its end yet. */
    default boolean isUnderWay() {
        return this instanceof UnderWay;
    }

    /** Not at its end yet: the owner is the source, under the epoch of the move. */
    sealed interface UnderWay extends Migration {
        Move move();

        @Override
        default Optional<Move> attempt() {
            return Optional.of(move());
        }

        /** Whether somebody wants it to end before it has switched. */
        boolean cancelAsked();
    }

    /** The VM was never migrated, or its record was written by a program that keeps no past. */
    record None() implements Migration {
        @Override
        public Optional<Move> attempt() {
            return Optional.empty();
        }
    }

    /** The destination builds a machine without a guest. The source runs the guest. */
    record Preparing(Move move, boolean cancelAsked) implements UnderWay {
        public Preparing {
            Objects.requireNonNull(move);
        }
    }

    /**
     * The destination listens. The source runs the guest and sends its memory.
     *
     * @param address where the destination listens, host:port
     */
    record Copying(Move move, String address, boolean cancelAsked) implements UnderWay {
        public Copying {
            Objects.requireNonNull(move);
            requireAddress(address);
        }
    }

    /** The source is about to pause the guest, or has: it goes on where the next change of the record says. */
    record Switching(Move move, String address) implements UnderWay {
        public Switching {
            Objects.requireNonNull(move);
            requireAddress(address);
        }

        @Override
        public boolean cancelAsked() {
            return false;
        }
    }

    /** The guest went on at the destination. */
    record Committed(Move move) implements Migration {
        public Committed {
            Objects.requireNonNull(move);
        }

        @Override
        public Optional<Move> attempt() {
            return Optional.of(move);
        }
    }

    /** The guest did not move. */
    record Failed(Move move, String why) implements Migration {
        public Failed {
            Objects.requireNonNull(move);
            Objects.requireNonNull(why);
        }

        @Override
        public Optional<Move> attempt() {
            return Optional.of(move);
        }
    }

    /** The longest address is a name of 253 characters, a colon and a port. */
    private static void requireAddress(String address) {
        int longest = 260;
        if (address.isEmpty() || address.length() > longest) {
            throw new IllegalArgumentException(
                    "migration address : " + address.length() + " characters (expected: 1 to "
                            + longest + ")");
        }
    }
}
