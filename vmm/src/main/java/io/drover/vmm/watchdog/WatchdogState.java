package io.drover.vmm.watchdog;

import java.time.Duration;
import java.util.Optional;

/**
 * A watchdog at one moment.
 *
 * @param left
 *            until it acts, unless it is fed; empty while it is not armed
 * @param expirations
 *            how often it has acted since the VM started
 */
public record WatchdogState(Optional<Duration> left, long expirations) {}
