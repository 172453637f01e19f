package io.drover.agent.vm;

import io.drover.agent.cluster.ClusterAwayException;
import io.drover.agent.driver.UnsupportedPlanException;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.folder.DiskSpace;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import io.drover.proto.agent.v1.StartVmRequest;
import java.io.IOException;
import java.util.Set;

/** Why a VM is not started, stopped or removed, in words. */
final class Refusals {
    private Refusals() {}

    private static RefusedException of(Reason reason, VmIdentity vm, String message, String nextStep) {
        return new RefusedException(reason, "vms/" + vm.name(), message, nextStep);
    }

    static RefusedException badRequest(StartVmRequest request, IllegalArgumentException e) {
        return new RefusedException(Reason.BAD_REQUEST, "vms/" + request.getVm(), e.getMessage(), "correct the request")
                .causedBy(e);
    }

    static RefusedException badRequest(VmIdentity vm, IllegalArgumentException e) {
        return of(Reason.BAD_REQUEST, vm, e.getMessage(), "correct the request").causedBy(e);
    }

    static RefusedException fileMissing(String sha256) {
        return new RefusedException(Reason.FILE_MISSING, "files/" + sha256, "file " + sha256 + " is not on this host",
                "put it here first").with("sha256", sha256);
    }

    static RefusedException notOwner(VmIdentity vm, String why) {
        return of(Reason.NOT_OWNER, vm, "this host may not run " + vm + ": " + why, "read the VM's record again");
    }

    static RefusedException ownerUnknown(VmIdentity vm, ClusterAwayException e) {
        return of(Reason.ZOOKEEPER_AWAY, vm, "whether this host owns the VM is not known: " + e.getMessage(),
                "try again when ZooKeeper is back").causedBy(e);
    }

    static RefusedException driverNotOffered(VmIdentity vm, String driver, Set<String> offered) {
        return of(Reason.DRIVER_UNUSABLE, vm, "driver : " + driver + " (offered here: " + offered + ")",
                "place the VM on a host that offers it").with("driver", driver);
    }

    static RefusedException driverUnusable(VmIdentity vm, String driver, String message) {
        return of(Reason.DRIVER_UNUSABLE, vm, "driver " + driver + ": " + message,
                "place the VM on a host where the driver works")
                .with("driver", driver);
    }

    static RefusedException driverLacks(VmIdentity vm, String driver, UnsupportedPlanException e) {
        return of(Reason.DRIVER_UNUSABLE, vm, e.getMessage(), "leave that out, or ask for another driver")
                .with("driver", driver).causedBy(e);
    }

    static RefusedException unbootable(VmIdentity vm, String message) {
        return of(Reason.UNBOOTABLE, vm, message, "give the VM another image or command line");
    }

    static RefusedException filesUnreadable(VmIdentity vm, IOException e) {
        return of(Reason.HOST_FAILED, vm, "the VM's files cannot be read: " + e.getMessage(),
                "see the agent's log on the host")
                .causedBy(e);
    }

    /** The intent to start could not be written. */
    static RefusedException notRecorded(VmIdentity vm, VmFolder folder, Throwable e) {
        boolean full = e instanceof IOException io && DiskSpace.isExhausted(io);
        return of(full ? Reason.DISK_FULL : Reason.HOST_FAILED, vm,
                "the VM cannot be recorded in " + folder.path() + ": " + e.getMessage(),
                full ? "free space on the host's disk" : "see the agent's log on the host").causedBy(e);
    }

    /** The agent ends, or failed, in the middle of a start: whoever reads the VM's folder next goes on. */
    static RefusedException startInterrupted(VmIdentity vm, Throwable e) {
        return of(Reason.HOST_FAILED, vm, "the start was interrupted: " + e, "ask again when the agent is back")
                .causedBy(e);
    }

    static RefusedException doesNotEnd(VmIdentity vm, Throwable e) {
        return of(Reason.HOST_FAILED, vm, String.valueOf(e.getMessage()), "look at the process on the host")
                .causedBy(e);
    }

    static RefusedException runs(VmIdentity vm) {
        return of(Reason.VM_RUNS, vm, "the VM's run has not ended", "stop it first");
    }

    static RefusedException migrating(VmIdentity vm) {
        return of(Reason.MIGRATING, vm, "the VM is in the hand-off of a migration",
                "wait for its end, or cancel the migration");
    }

    static RefusedException suspending(VmIdentity vm) {
        return of(Reason.SUSPENDING, vm, "the VM is being saved to the host's disk",
                "wait for its end, or stop the VM");
    }

    static RefusedException devicesChanging(VmIdentity vm) {
        return of(Reason.DEVICES_CHANGING, vm, "a change of the VM's devices is under way",
                "wait for its end, then save the VM");
    }

    static RefusedException doesNotSave(VmIdentity vm, String driver) {
        return of(Reason.DRIVER_UNUSABLE, vm, "driver " + driver + " does not save VMs to disk",
                "stop the VM, or let it run; driver kvm saves VMs").with("driver", driver);
    }

    static RefusedException savedStateMissing(VmIdentity vm, long epoch, VmFolder folder) {
        return of(Reason.SAVED_STATE_MISSING, vm,
                "what was saved of the VM under epoch " + epoch + " is not in " + folder.path(),
                "start the VM without it: its guest boots").with("epoch", Long.toString(epoch));
    }

    static RefusedException noSuchMigration(VmIdentity vm, String migration, String why) {
        return of(Reason.NO_SUCH_MIGRATION, vm, "migration " + migration + " does not bring " + vm + " here: " + why,
                "read the VM's record again").with("migration", migration);
    }

    static RefusedException doesNotMigrate(VmIdentity vm, String driver) {
        return of(Reason.DRIVER_UNUSABLE, vm, "driver " + driver + " does not migrate VMs",
                "stop the VM, and start it on another host").with("driver", driver);
    }

    static RefusedException notRemoved(VmIdentity vm, VmFolder folder, IOException e) {
        return of(Reason.HOST_FAILED, vm, "the VM's folder cannot be removed: " + e.getMessage(),
                "remove " + folder.path() + " by hand")
                .causedBy(e);
    }

    static RefusedException stoppedBefore(String uid, long epoch) {
        return new RefusedException(Reason.EPOCH_SPENT, "vms/uid/" + uid,
                "the VM with uid " + uid + " was stopped before it ran under epoch " + epoch,
                "give it a new epoch");
    }

    static RefusedException notFound(String uid) {
        return new RefusedException(Reason.VM_NOT_FOUND, "vms/uid/" + uid, "no VM with uid " + uid + " is on this host",
                "read the VM's record again");
    }
}
