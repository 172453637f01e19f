package io.drover.agent.refusal;

/** Why an agent does not do what it was asked: the reasons of {@code google.rpc.ErrorInfo}. */
public enum Reason {
    /** The request is not one that could ever be obeyed. */
    BAD_REQUEST,
    /** The VM's record does not name this host with this uid and epoch, or the agent knows of a higher epoch. */
    NOT_OWNER,
    /** This host has said of this epoch that the VM does not run under it, and holds to that: it takes a new one. */
    EPOCH_SPENT,
    /** The driver does not work on this host. */
    DRIVER_UNUSABLE,
    /** A file of the image is not on this host. */
    FILE_MISSING,
    /** A disk to which the VM's guest has written is gone. */
    DISK_MISSING,
    /** The host has not what a nic is to be joined to. */
    NETWORK_MISSING,
    /** A port of the host that is to be forwarded to the guest is somebody else's. */
    PORT_TAKEN,
    /** The VM does not fit beside those that are here. */
    DOES_NOT_FIT,
    /** The kernel, the initramfs or the command line cannot be booted. */
    UNBOOTABLE,
    /** A disk of the host is full. */
    DISK_FULL,
    /** Bytes do not have the SHA-256 that was named. */
    WRONG_SHA256,
    /** There is no such VM here. */
    VM_NOT_FOUND,
    /** The VM's run has not ended. */
    VM_RUNS,
    /** The VM's record has no such migration that waits for this host to prepare. */
    NO_SUCH_MIGRATION,
    /** The VM is in the hand-off of a migration. */
    MIGRATING,
    /** A change of the VM's devices is under way. */
    DEVICES_CHANGING,
    /** What was saved of the VM under that epoch is not here. */
    SAVED_STATE_MISSING,
    /** The VM is being saved to the host's disk. */
    SUSPENDING,
    /** The agent has no good session in ZooKeeper now. */
    ZOOKEEPER_AWAY,
    /** The host failed. */
    HOST_FAILED
}
