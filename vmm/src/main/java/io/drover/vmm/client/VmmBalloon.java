package io.drover.vmm.client;

import io.drover.proto.vmm.v1.BalloonConfig;
import java.time.Duration;
import java.util.Objects;

/**
 * The memory balloon of a VM. Values are checked by the VMM when it starts.
 *
 * @param deflateOnOom
 *            whether the guest may take memory back by itself before it kills a process for want of it
 * @param freePageReporting
 *            whether memory that nobody in the guest uses goes back to the host without being asked for
 * @param statisticsInterval
 *            how often the guest is asked how it uses its memory: whole seconds, at most an hour; zero: never
 * @param targetBytes
 *            what the guest is to be left with from the start; 0: all
 */
public record VmmBalloon(boolean deflateOnOom, boolean freePageReporting, Duration statisticsInterval,
        long targetBytes) {
    public VmmBalloon {
        Objects.requireNonNull(statisticsInterval, "statisticsInterval");
    }

    static VmmBalloon of(BalloonConfig config) {
        return new VmmBalloon(config.getDeflateOnOom(), config.getFreePageReporting(),
                Duration.ofSeconds(config.getStatisticsIntervalSeconds()), config.getTargetBytes());
    }

    BalloonConfig toProto() {
        return BalloonConfig.newBuilder().setDeflateOnOom(deflateOnOom).setFreePageReporting(freePageReporting)
                .setStatisticsIntervalSeconds((int) statisticsInterval.toSeconds()).setTargetBytes(targetBytes)
                .build();
    }
}
