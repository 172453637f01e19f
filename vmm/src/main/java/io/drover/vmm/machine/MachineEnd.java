package io.drover.vmm.machine;

import io.drover.vmm.watchdog.WatchdogAction;

/** Why a machine will not run again. Each machine has exactly one. */
public sealed interface MachineEnd {
    /** The guest switched it off by ACPI. */
    record PoweredOff() implements MachineEnd {}

    /** The guest asked for a reboot, by whatever port. */
    record Rebooted() implements MachineEnd {}

    /**
     * The guest's kernel gave up.
     *
     * @param how
     *            who said so: pvpanic, a triple fault
     */
    record Panicked(String how) implements MachineEnd {}

    /**
     * The guest did not feed its watchdog.
     *
     * @param action
     *            what came of it: not {@link WatchdogAction#NONE}
     */
    record WatchdogExpired(WatchdogAction action) implements MachineEnd {}

    /** Somebody outside asked for it, without asking the guest. */
    record Killed() implements MachineEnd {}

    /**
     * The VMM or the host's KVM could not go on.
     *
     * @param what
     *            with the registers where there are some
     */
    record Failed(String what) implements MachineEnd {}

    /**
     * The guest did not run, as the host has not what it needs: another may.
     *
     * @param what
     *            it has not
     */
    record HostFailed(String what) implements MachineEnd {}
}
