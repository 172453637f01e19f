package io.drover.vmm.client;

import io.drover.proto.vmm.v1.SendMigrationRequest;
import io.drover.proto.vmm.v1.SendMigrationRequest.Compression;
import io.drover.proto.vmm.v1.SendMigrationRequest.WhenStuck;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * How a guest is sent.
 *
 * @param connections
 *            1 to 16
 * @param bytesPerSecond
 *            of memory and disks, while the guest runs; empty: as fast as it goes
 * @param lz4
 *            whether memory and disks are compressed, if the destination can take that
 * @param downtime
 *            how long the guest may stand still, at first
 * @param longestDowntime
 *            what that grows to as the timeout comes near
 * @param timeout
 *            for the guest to get ready to be switched
 * @param stopWhenStuck
 *            whether a guest that writes faster than it can be sent stands still for as long as it takes; else it stays
 * @param stall
 *            how long the other side may take or say nothing
 * @param permission
 *            for {@link VmmClient#switchMigration} to come, once the guest was ready
 * @param mirroredDisks
 *            ids of disks whose content goes with the memory; the images of the others are shared, and given up for the
 *            destination at the switch
 */
public record VmmSendOptions(int connections, Optional<Long> bytesPerSecond, boolean lz4, Duration downtime,
        Duration longestDowntime, Duration timeout, boolean stopWhenStuck, Duration stall, Duration permission,
        List<String> mirroredDisks) {
    /** The version of the stream that VMMs of this release must find at the other end, at least. */
    public static final int PROTOCOL = 2;
    /** Two connections, 300 ms growing to 2 s, half an hour. */
    public static final VmmSendOptions DEFAULT = new VmmSendOptions(2, Optional.empty(), false, Duration.ofMillis(300),
            Duration.ofSeconds(2), Duration.ofMinutes(30), false, Duration.ofSeconds(10), Duration.ofMinutes(1),
            List.of());

    public VmmSendOptions {
        mirroredDisks = List.copyOf(mirroredDisks);
        Objects.requireNonNull(bytesPerSecond, "bytesPerSecond");
        Objects.requireNonNull(downtime, "downtime");
        Objects.requireNonNull(longestDowntime, "longestDowntime");
        Objects.requireNonNull(timeout, "timeout");
        Objects.requireNonNull(stall, "stall");
        Objects.requireNonNull(permission, "permission");
    }

    /** With no disk mirrored, and nothing compressed. */
    public VmmSendOptions(int connections, Optional<Long> bytesPerSecond, Duration downtime, Duration longestDowntime,
            Duration timeout, boolean stopWhenStuck, Duration stall, Duration permission) {
        this(connections, bytesPerSecond, false, downtime, longestDowntime, timeout, stopWhenStuck, stall, permission,
                List.of());
    }

    /** The same, with these disks mirrored. */
    public VmmSendOptions mirroring(List<String> disks) {
        return new VmmSendOptions(connections, bytesPerSecond, lz4, downtime, longestDowntime, timeout, stopWhenStuck,
                stall, permission, disks);
    }

    /** The same, compressed or not. */
    public VmmSendOptions compressing(boolean byLz4) {
        return new VmmSendOptions(connections, bytesPerSecond, byLz4, downtime, longestDowntime, timeout,
                stopWhenStuck, stall, permission, mirroredDisks);
    }

    SendMigrationRequest toProto(Path link) {
        return SendMigrationRequest.newBuilder()
                .setLinkPath(link.toString())
                .setConnections(connections)
                .setBytesPerSecond(bytesPerSecond.orElse(0L))
                .setDowntimeMillis(downtime.toMillis())
                .setLongestDowntimeMillis(longestDowntime.toMillis())
                .setTimeoutMillis(timeout.toMillis())
                .setWhenStuck(stopWhenStuck ? WhenStuck.STOP_AND_COPY : WhenStuck.GIVE_UP)
                .setStallMillis(stall.toMillis())
                .setPermissionMillis(permission.toMillis())
                .addAllMirroredDisks(mirroredDisks)
                .setCompression(lz4 ? Compression.LZ4 : Compression.COMPRESSION_UNSPECIFIED)
                .build();
    }
}
