package io.drover.vmm.migration.stream;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/** How far the connections of one stream have come at the receiving end, together. Safe for use by several threads. */
final class Reception {
    private static final long NOT_GREETED = -2;
    private static final long NO_PASS = -1;

    @GuardedBy("this")
    private Optional<UUID> stream = Optional.empty();
    /** By connection: the pass that it has ended last. */
    @GuardedBy("this")
    private final long[] passes;
    @GuardedBy("this")
    private final int[] digests;
    @GuardedBy("this")
    private final long[] pages;
    @GuardedBy("this")
    private final long[] diskBytes;
    @GuardedBy("this")
    private Optional<List<ReceivedDisk>> disks = Optional.empty();
    @GuardedBy("this")
    private boolean ended;

    Reception(int connections) {
        passes = new long[connections];
        digests = new int[connections];
        pages = new long[connections];
        diskBytes = new long[connections];
        Arrays.fill(passes, NOT_GREETED);
    }

    /** Notes that a connection belongs to a stream; refuses one of another, and one that is there already. */
    synchronized void greet(int index, UUID id) throws StreamException {
        if (stream.isEmpty()) {
            stream = Optional.of(id);
        }
        if (!stream.get().equals(id) || passes[index] != NOT_GREETED) {
            throw new StreamException(FailureKind.DAMAGED,
                    "connection " + index + " belongs to another stream, or comes twice");
        }
        passes[index] = NO_PASS;
    }

    /**
     * Notes that a connection has ended a pass.
     *
     * @param digest
     *            of the entries that came over it
     * @param pageCount
     *            that came over it, in all passes
     * @param ofDisks
     *            bytes that came over it, in all passes
     */
    synchronized void endPass(int index, long pass, int digest, long pageCount, long ofDisks) throws StreamException {
        if (pass <= passes[index]) {
            throw new StreamException(FailureKind.DAMAGED, "pass " + pass + " ends after pass " + passes[index]);
        }
        passes[index] = pass;
        digests[index] = digest;
        pages[index] = pageCount;
        diskBytes[index] = ofDisks;
        notifyAll();
    }

    /** The disks that are sent, in the sender's order. */
    synchronized void setDisks(List<ReceivedDisk> numbered) {
        disks = Optional.of(numbered);
        notifyAll();
    }

    /** Waits until it is known which disks are sent. */
    synchronized List<ReceivedDisk> awaitDisks(Duration timeout) throws StreamException {
        await(this::knowsDisks, "which disks are sent is not said", timeout);
        return disks.orElseThrow();
    }

    /** Waits until all connections have ended a pass. */
    synchronized void awaitPass(long pass, Duration timeout) throws StreamException {
        await(() -> allAt(pass), "pass " + pass + " does not end on all connections", timeout);
    }

    private synchronized void await(BooleanSupplier condition, String what, Duration timeout) throws StreamException {
        long until = System.nanoTime() + timeout.toNanos();
        while (!condition.getAsBoolean()) {
            long left = until - System.nanoTime();
            if (ended) {
                throw new StreamException(FailureKind.CUT, "another connection of the stream has ended");
            }
            if (left <= 0) {
                throw new StreamException(FailureKind.STALLED, what + " within " + timeout.toSeconds() + " s");
            }
            try {
                wait(Math.ceilDiv(left, 1_000_000));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new StreamException(FailureKind.CANCELLED, "interrupted");
            }
        }
    }

    /** The stream has failed: nobody waits any more. */
    synchronized void end() {
        ended = true;
        notifyAll();
    }

    /** The digest of all connections, when all connections have ended the same pass. */
    synchronized long digest() throws StreamException {
        if (passes[0] < 0 || !allAt(passes[0])) {
            throw new StreamException(FailureKind.DAMAGED, "the stream ends in the middle of a pass");
        }
        long all = 0;
        for (int digest : digests) {
            all = Protocol.digest(all, digest);
        }
        return all;
    }

    /** Pages that came in passes that have ended. */
    synchronized long pages() {
        return sum(pages);
    }

    /** Of disks, in passes that have ended. */
    synchronized long diskBytes() {
        return sum(diskBytes);
    }

    private static long sum(long[] counts) {
        long sum = 0;
        for (long count : counts) {
            sum += count;
        }
        return sum;
    }

    private synchronized boolean knowsDisks() {
        return disks.isPresent();
    }

    private synchronized boolean allAt(long pass) {
        for (long each : passes) {
            if (each != pass) {
                return false;
            }
        }
        return true;
    }
}
