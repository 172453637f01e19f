package io.drover.vmm.watchdog;

/** Who does what a watchdog says. */
@FunctionalInterface
public interface WatchdogOwner {
    /** The guest has not fed its watchdog. Called on any thread, returns at once; never with {@link WatchdogAction#NONE}. */
    void watchdogExpired(WatchdogAction action);
}
