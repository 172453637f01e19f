package io.drover.controller.agent;

import io.drover.controller.record.RunEnd;
import io.drover.controller.record.VmId;

/**
 * What a host sees of one run of a VM.
 *
 * @param driver "kvm" or "qemu"
 * @param reboots of the guest in this run
 * @param keepsDisks whether the host keeps disks of the VM to which its guest may have written
 */
public record Observation(VmId vm, String uid, long epoch, State state, String driver, int reboots,
        boolean keepsDisks) {
    /** Without disks. */
    public Observation(VmId vm, String uid, long epoch, State state, String driver, int reboots) {
        this(vm, uid, epoch, state, driver, reboots, false);
    }

    public sealed interface State {
        record Starting() implements State {}

        record Running() implements State {}

        record Stopping() implements State {}

        /** Nothing of it runs any more, nor will under this epoch. */
        record Ended(RunEnd end) implements State {}
    }

    public boolean ended() {
        return state instanceof State.Ended;
    }
}
