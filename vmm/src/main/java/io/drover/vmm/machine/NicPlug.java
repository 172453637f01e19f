package io.drover.vmm.machine;

import io.drover.vmm.limit.IoRate;
import io.drover.vmm.limit.RateLimit;
import io.drover.vmm.log.Log;
import io.drover.vmm.net.Network;
import io.drover.vmm.net.tap.TapNetwork;
import io.drover.vmm.net.user.UserNetwork;
import io.drover.vmm.virtio.net.FrameLimit;
import io.drover.vmm.virtio.net.NetDevice;
import java.io.IOException;
import java.util.Optional;

/** Makes nics out of their settings. */
final class NicPlug {
    /** A burst is a tenth of a second's worth, but never less than one frame as large as can be. */
    private static final long BURSTS_PER_SECOND = 10;
    private static final long MIN_BURST_BYTES = 64 << 10;

    private NicPlug() {}

    /** A nic that is not started. */
    static NetDevice make(String name, NicSettings settings, Network network) {
        return new NetDevice(name, settings.mac(), settings.mtuBytes(), network, limit(settings.receiveRate()),
                limit(settings.sendRate()));
    }

    /** What it is joined to. */
    static Network open(String name, NicSettings settings, Log log) throws IOException {
        return switch (settings.network()) {
            case NetworkSettings.User user -> UserNetwork.create(name, user.socket(), settings.mtuBytes(),
                    user.forwards(), log);
            case NetworkSettings.Tap tap -> TapNetwork.open(tap.device(), settings.queuePairs(), log);
        };
    }

    private static FrameLimit limit(FrameRate rate) {
        if (rate.equals(FrameRate.ANY)) {
            return FrameLimit.NONE;
        }
        RateLimit limit = new RateLimit(rate(rate.bytesPerSecond(), MIN_BURST_BYTES), rate(rate.framesPerSecond(), 1),
                System.nanoTime());
        return frameBytes -> limit.admit(frameBytes, System.nanoTime());
    }

    private static Optional<IoRate> rate(long perSecond, long minBurst) {
        return perSecond == 0 ? Optional.empty()
                : Optional.of(new IoRate(perSecond, Math.max(perSecond / BURSTS_PER_SECOND, minBurst)));
    }
}
