package io.drover.agent.vm;

import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import java.util.List;
import java.util.Optional;

/**
 * How far the devices of a run are behind what a controller asked for: one change at a time.
 *
 * @param pending being made, and not in the request to start yet
 * @param generation of the newest change that ended
 * @param failure why that failed, if it did
 */
record DeviceOrder(Optional<ChangeDeviceRequest> pending, long generation, Optional<String> failure) {
    /** As they are when a run starts. */
    static DeviceOrder of(StartVmRequest start) {
        return new DeviceOrder(Optional.empty(), start.getDeviceGeneration(), Optional.empty());
    }

    /** The newest change that the run has, is to have, or failed to get. */
    long newest() {
        return pending.map(ChangeDeviceRequest::getGeneration).orElse(generation);
    }

    DeviceOrder asked(ChangeDeviceRequest change) {
        return new DeviceOrder(Optional.of(change), generation, failure);
    }

    DeviceOrder done() {
        return new DeviceOrder(Optional.empty(), newest(), Optional.empty());
    }

    DeviceOrder failed(String why) {
        return new DeviceOrder(Optional.empty(), newest(), Optional.of(why));
    }

    /**
     * What the run is started with from now on.
     *
     * @throws IllegalArgumentException when the change is of no kind that this agent knows
     */
    static StartVmRequest applied(StartVmRequest start, ChangeDeviceRequest change) {
        StartVmRequest.Builder next = start.toBuilder().setDeviceGeneration(change.getGeneration());
        switch (change.getChangeCase()) {
            case ATTACH_DISK -> next.clearDisks().addAllDisks(without(start, change.getAttachDisk().getName()))
                    .addDisks(change.getAttachDisk());
            case DETACH_DISK -> next.clearDisks().addAllDisks(without(start, change.getDetachDisk().getName()));
            case SET_DISK -> next.clearDisks().addAllDisks(start.getDisksList().stream()
                    .map(disk -> disk.getName().equals(change.getSetDisk().getName()) ? change.getSetDisk() : disk)
                    .toList());
            case ATTACH_NIC -> next.clearNics().addAllNics(withoutNic(start, change.getAttachNic().getName()))
                    .addNics(change.getAttachNic());
            case DETACH_NIC -> next.clearNics().addAllNics(withoutNic(start, change.getDetachNic().getName()));
            case MEMORY_TARGET_BYTES -> next.setMemoryTargetBytes(change.getMemoryTargetBytes());
            case CHANGE_NOT_SET -> throw new IllegalArgumentException(
                    "change : of no kind (expected: one that this agent knows; upgrade it)");
        }
        return next.build();
    }

    private static List<StartVmRequest.Disk> without(StartVmRequest start, String disk) {
        return start.getDisksList().stream().filter(each -> !each.getName().equals(disk)).toList();
    }

    private static List<StartVmRequest.Nic> withoutNic(StartVmRequest start, String nic) {
        return start.getNicsList().stream().filter(each -> !each.getName().equals(nic)).toList();
    }
}
