package io.drover.agent.driver;

/** How the process of a machine ended, the same for every driver. */
public sealed interface MachineEnd {
    /** The guest turned the machine off, or its watchdog did. */
    record PoweredOff(String message) implements MachineEnd {
        /** By itself. */
        public PoweredOff() {
            this("the guest powered itself off");
        }
    }

    /** The guest, or its watchdog, reset the machine. The process has ended: another is to be spawned. */
    record Rebooted() implements MachineEnd {}

    /** The guest reported a panic, or brought its CPU to a triple fault. */
    record Panicked(String message) implements MachineEnd {}

    /** {@link Machine#kill} did it. */
    record Killed() implements MachineEnd {}

    /** The process failed, or somebody else ended it. */
    record Failed(String message) implements MachineEnd {}

    /** The process ended before the guest ran: the plan cannot be carried out, here or elsewhere. */
    record NeverRan(String message) implements MachineEnd {}

    /** The process ended before the guest ran, because of this host. */
    record HostFailed(String message) implements MachineEnd {}
}
