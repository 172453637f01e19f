package io.drover.vmm.client;

import io.drover.proto.vmm.v1.WatchdogConfig;
import java.io.IOException;

/** What is done with a VM whose guest has armed its watchdog and does not feed it. */
public enum VmmWatchdog {
    /** As if the guest had asked for a reboot. */
    RESET,
    /** As if the guest had switched itself off. */
    POWER_OFF,
    /** Nothing, but for a line in the log and a count. */
    NONE;

    static VmmWatchdog of(WatchdogConfig config) throws IOException {
        return switch (config.getAction()) {
            case RESET -> RESET;
            case POWER_OFF -> POWER_OFF;
            case NONE -> NONE;
            case ACTION_UNSPECIFIED, UNRECOGNIZED -> throw new IOException("action of the watchdog : "
                    + config.getActionValue() + " (expected: RESET, POWER_OFF or NONE)");
        };
    }

    WatchdogConfig toProto() {
        return WatchdogConfig.newBuilder().setAction(switch (this) {
            case RESET -> WatchdogConfig.Action.RESET;
            case POWER_OFF -> WatchdogConfig.Action.POWER_OFF;
            case NONE -> WatchdogConfig.Action.NONE;
        }).build();
    }
}
