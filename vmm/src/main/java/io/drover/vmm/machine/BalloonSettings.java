package io.drover.vmm.machine;

import io.drover.vmm.virtio.balloon.BalloonOptions;
import java.util.Objects;

/**
 * What a memory balloon is to be.
 *
 * @param targetBytes
 *            what the guest is to be left with from the start: whole pages, at most its memory
 */
public record BalloonSettings(BalloonOptions options, long targetBytes) {
    public BalloonSettings {
        Objects.requireNonNull(options, "options");
    }
}
