package io.drover.vmm.client;

import io.drover.proto.vmm.v1.WatchdogStatus;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * A watchdog at one moment.
 *
 * @param left
 *            until it acts, unless the guest feeds it; empty while the guest has not armed it
 * @param expirations
 *            how often it has acted since the VMM started
 */
public record VmmWatchdogStatus(Optional<Duration> left, long expirations) {
    public VmmWatchdogStatus {
        Objects.requireNonNull(left, "left");
    }

    static VmmWatchdogStatus of(WatchdogStatus status) {
        return new VmmWatchdogStatus(
                status.getArmed() ? Optional.of(Duration.ofMillis(status.getLeftMillis())) : Optional.empty(),
                status.getExpirations());
    }

    WatchdogStatus toProto() {
        return WatchdogStatus.newBuilder().setArmed(left.isPresent())
                .setLeftMillis(left.isPresent() ? left.get().toMillis() : 0).setExpirations(expirations).build();
    }
}
