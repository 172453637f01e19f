package io.drover.vmm.migration;

import io.drover.vmm.migration.policy.PolicySettings;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * How a guest is sent.
 *
 * @param policy
 *            when it is switched
 * @param bytesPerSecond
 *            of all connections together while the guest runs; empty: as fast as it goes
 * @param packing
 *            whether memory and disks are compressed, if the other side can take that
 * @param stall
 *            how long the other side may take or say nothing
 * @param permission
 *            how long it may take to permit the switch, once it was asked for
 */
public record SendOptions(PolicySettings policy, Optional<Long> bytesPerSecond, boolean packing, Duration stall,
        Duration permission) {
    /** With a stall after 10 s and a minute for the permission. */
    public static final SendOptions DEFAULT = new SendOptions(PolicySettings.DEFAULT, Optional.empty(),
            false, Duration.ofSeconds(10), Duration.ofMinutes(1));

    public SendOptions {
        Objects.requireNonNull(policy, "policy");
        Objects.requireNonNull(bytesPerSecond, "bytesPerSecond");
        Objects.requireNonNull(stall, "stall");
        Objects.requireNonNull(permission, "permission");
    }
}
