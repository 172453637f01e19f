package io.drover.controller.agent;

import io.drover.controller.record.RunEnd;
import io.drover.controller.record.VmId;
import java.util.Optional;

/**
 * What a host sees of one run of a VM.
 *
 * @param driver "kvm" or "qemu"
 * @param reboots of the guest in this run
 * @param keepsDisks whether the host keeps disks of the VM to which its guest may have written
 * @param devices how the run's devices are
 * @param migration the latest of the VM to or from this host
 * @param saving how it is being saved, or was not; empty when nobody asked for that
 * @param savedEpoch of the run that the host keeps saved; 0: none
 */
public record Observation(VmId vm, String uid, long epoch, State state, String driver, int reboots,
        boolean keepsDisks, Devices devices, Optional<MigrationSight> migration, Optional<Saving> saving,
        long savedEpoch) {
    /** Of a VM that was not migrated to or from this host. */
    public Observation(VmId vm, String uid, long epoch, State state, String driver, int reboots, boolean keepsDisks,
            Devices devices) {
        this(vm, uid, epoch, state, driver, reboots, keepsDisks, devices, Optional.empty(), Optional.empty(), 0);
    }

    /** Without disks. */
    public Observation(VmId vm, String uid, long epoch, State state, String driver, int reboots) {
        this(vm, uid, epoch, state, driver, reboots, false, Devices.AS_CREATED);
    }

    /**
     * The newest change of devices that the run has, is to have, or failed to get.
     *
     * @param message why it failed, or what is waited for
     */
    public record Devices(long generation, Progress progress, String message) {
        public static final Devices AS_CREATED = new Devices(0, Progress.DONE, "");

        /** How far it is. */
        public enum Progress {
            DONE, PENDING,
            /** The devices are as before. */
            FAILED
        }
    }

    /**
     * An attempt to save it.
     *
     * @param operation that asked for it
     * @param failure why it was not saved, so that it runs on; empty while that is under way
     * @param doneBytes how much of its memory was looked at
     */
    public record Saving(String operation, Optional<String> failure, long doneBytes, long memoryBytes) {}

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

    /** The same run, without what changes all the time while it migrates. */
    public Observation withoutMigration() {
        return migration.isEmpty() ? this
                : new Observation(vm, uid, epoch, state, driver, reboots, keepsDisks, devices, Optional.empty(), saving,
                        savedEpoch);
    }

    /** Its guest stands still, to be saved. */
    public boolean isBeingSaved() {
        return saving.filter(attempt -> attempt.failure().isEmpty()).isPresent() && state instanceof State.Running;
    }
}
