package io.drover.scheduler.migration;

import io.drover.scheduler.host.HostId;
import java.util.Objects;

/**
 * One attempt to take a running guest from one host to another.
 *
 * @param id never used again
 * @param epoch the one under which the source runs the guest when it begins
 * @param startedUnixMillis milliseconds since 1970-01-01T00:00Z, for people
 */
public record Move(String id, HostId source, HostId destination, long epoch, MoveOptions options,
        long startedUnixMillis) {
    private static final int MAX_ID_CHARS = 64;

    public Move {
        Objects.requireNonNull(options);
        if (id.isEmpty() || id.length() > MAX_ID_CHARS) {
            throw new IllegalArgumentException(
                    "migration id : " + id.length() + " characters (expected: 1 to " + MAX_ID_CHARS + ")");
        }
        if (source.equals(destination)) {
            throw new IllegalArgumentException(
                    "destination : " + destination + " (expected: another host than the source)");
        }
        if (epoch < 1) {
            throw new IllegalArgumentException("epoch : " + epoch + " (expected: at least 1)");
        }
    }

    /** Under which the source runs the guest. */
    public Owner before() {
        return new Owner(source, epoch);
    }
}
