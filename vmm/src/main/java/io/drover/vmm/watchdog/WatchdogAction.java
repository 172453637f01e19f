package io.drover.vmm.watchdog;

/** What happens to a machine whose guest has not fed its watchdog. */
public enum WatchdogAction {
    RESET, POWER_OFF,
    /** It is only logged and counted. */
    NONE
}
