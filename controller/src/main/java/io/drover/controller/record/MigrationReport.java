package io.drover.controller.record;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * What is kept of a migration that has ended.
 *
 * @param end when its end was seen
 * @param bytes sent, memory and disks
 * @param failure why it failed, for programs; empty when it did not, or no host has said
 * @param downtime empty when no host has told of any
 */
public record MigrationReport(Instant end, long bytes, int passes, String failure,
        Optional<MigrationDowntime> downtime) {
    private static final int MAX_FAILURE_CHARS = 24;

    public MigrationReport {
        Objects.requireNonNull(end);
        Objects.requireNonNull(downtime);
        failure = failure.length() > MAX_FAILURE_CHARS ? failure.substring(0, MAX_FAILURE_CHARS) : failure;
    }
}
