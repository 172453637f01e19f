package io.drover.controller.record;

import java.time.Instant;
import java.util.Set;

/**
 * What a mutation of a VM or of a host returned, and how it ended.
 *
 * @param method such as "CreateVm"
 * @param target a VM or a host
 * @param targetUid of the VM; empty for a host
 * @param targetGeneration the generation of the VM, or of its devices, that has to be seen settled; 0 for a host
 * @param requestId empty when the caller gave none
 * @param fingerprint SHA-256 of the request without its id
 */
public record Task(TaskId id, String method, RecordKey target, String targetUid, long targetGeneration,
        String requestId,
        Sha256 fingerprint, State state, Instant created, boolean cancelRequested) implements StoredRecord {
    public Task {
        if (!(target instanceof VmId || target instanceof HostId)) {
            throw new IllegalArgumentException("target : " + target.resourceName() + " (expected: a VM or a host)");
        }
    }

    public sealed interface State {
        record Running() implements State {}

        record Succeeded(Instant at) implements State {}

        record Failed(Fault fault, Instant at) implements State {}

        record Cancelled(Fault fault, Instant at) implements State {}
    }

    /**
     * Why a task did not succeed.
     *
     * @param code a canonical code of google.rpc.Code
     * @param reason UPPER_SNAKE, for programs
     * @param nextStep what to do about it; empty when nothing can be
     */
    public record Fault(int code, String reason, String message, String nextStep) {}

    private static final Set<String> METHODS_ON_DEVICES = Set.of("AttachDisk", "DetachDisk", "ResizeDisk",
            "SetDiskLimits",
            "AttachNic", "DetachNic", "SetMemoryTarget");

    /** Whether it changes a VM's devices, so that its generation is one of theirs. */
    public boolean ofDevices() {
        return METHODS_ON_DEVICES.contains(method);
    }

    /** Whether it waits for a live migration, which gets in the way of no change of what is wanted. */
    public boolean ofMigration() {
        return method.equals("MigrateVm");
    }

    /** Whether it wants the VM to be in another state, so that a newer such task takes its place. */
    public boolean ofPower() {
        return !ofDevices() && !ofMigration();
    }

    public boolean running() {
        return state instanceof State.Running;
    }

    public Task ended(State end) {
        return new Task(id, method, target, targetUid, targetGeneration, requestId, fingerprint, end, created,
                cancelRequested);
    }

    /** The same, of a generation of the VM's devices. */
    public Task onDevices(long generation) {
        return new Task(id, method, target, targetUid, generation, requestId, fingerprint, state, created,
                cancelRequested);
    }

    /** A cancelled task waits for the VM to settle in the generation that undoes it. */
    public Task cancelledBy(long generation) {
        return new Task(id, method, target, targetUid, generation, requestId, fingerprint, state, created, true);
    }
}
