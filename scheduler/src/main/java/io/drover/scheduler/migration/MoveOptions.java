package io.drover.scheduler.migration;

import java.util.Objects;

/**
 * What an operator asks of a migration.
 *
 * @param downtimeMillis how long the guest may stand still: at least 1
 * @param bandwidthBytesPerSecond 0: as fast as it goes
 * @param streams TCP connections: 1 to {@value #MAX_STREAMS}
 * @param unconverged what is done about a guest that writes faster than its memory can be sent
 * @param timeoutMillis after which a migration that has not switched is given up: at least 1
 * @param compression of memory and disks, if both hosts can do that: else they go as they are
 */
public record MoveOptions(long downtimeMillis, long bandwidthBytesPerSecond, int streams, Unconverged unconverged,
        long timeoutMillis, Compression compression) {
    public static final int MAX_STREAMS = 16;
    public static final MoveOptions AUTO = new MoveOptions(300, 0, 1, Unconverged.STOP_AND_COPY, 3_600_000,
            Compression.NONE);

    /** What is done about a guest that writes faster than its memory can be sent, throttled as it is. */
    public enum Unconverged {
        /** It stands still for as long as the rest takes. */
        STOP_AND_COPY,
        /** It goes on at its source. */
        GIVE_UP
    }

    /** How what is sent is made less. */
    public enum Compression {
        NONE,
        LZ4
    }

    public MoveOptions {
        Objects.requireNonNull(compression);
        Objects.requireNonNull(unconverged);
        require(downtimeMillis >= 1, "downtime", downtimeMillis + " ms", "at least 1 ms");
        require(bandwidthBytesPerSecond >= 0, "bandwidth", bandwidthBytesPerSecond + " bytes/s", "0 for any, or more");
        require(streams >= 1 && streams <= MAX_STREAMS, "streams", streams + "", "1 to " + MAX_STREAMS);
        require(timeoutMillis >= 1, "timeout", timeoutMillis + " ms", "at least 1 ms");
    }

    private static void require(boolean held, String what, String value, String expected) {
        if (!held) {
            throw new IllegalArgumentException(what + " : " + value + " (expected: " + expected + ")");
        }
    }
}
