package io.drover.vmm.machine;

/** What happens to a machine's life. */
sealed interface MachineEvent {
    /**
     * The machine is complete and its threads run.
     *
     * @param paused
     *            it waits to be resumed
     * @param leased
     *            it may run, as far as its lease goes
     */
    record Started(boolean paused, boolean leased) implements MachineEvent {}

    record PauseAsked() implements MachineEvent {}

    /** Every vCPU is out of the guest, and no device does anything. */
    record VcpusParked() implements MachineEvent {}

    /** A device does not come to an end with what it is at. */
    record DevicesBusy() implements MachineEvent {}

    /** Devices that were busy are asked to come to an end once more. */
    record PauseTriedAgain() implements MachineEvent {}

    record ResumeAsked() implements MachineEvent {}

    /** The machine may run, as far as its lease goes, or may not. */
    record LeaseChanged(boolean held) implements MachineEvent {}

    /** From inside or outside, perhaps more than one at once: the first counts. */
    record EndAsked(MachineEnd end) implements MachineEvent {}

    /** Every vCPU's thread has ended. */
    record VcpusGone() implements MachineEvent {}
}
