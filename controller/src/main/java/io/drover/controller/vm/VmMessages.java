package io.drover.controller.vm;

import io.drover.controller.feed.VmSight;
import io.drover.controller.record.Desired;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Placement;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Vm;
import io.drover.controller.store.Timestamps;
import io.drover.proto.v1.PowerState;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmState;
import java.util.TreeMap;

/** VMs in the public API. */
final class VmMessages {
    private VmMessages() {}

    static io.drover.proto.v1.Vm of(VmSight sight) {
        Vm vm = sight.vm();
        io.drover.proto.v1.Vm.Builder message = io.drover.proto.v1.Vm.newBuilder().setName(vm.id().resourceName())
                .setUid(vm.uid()).setSpec(VmSpecs.message(vm.spec(), vm.uid()))
                .setDesiredState(switch (vm.desired()) {
                    case Desired.Running() -> PowerState.POWER_STATE_RUNNING;
                    case Desired.Suspended() -> PowerState.POWER_STATE_SUSPENDED;
                    case Desired.Stopped _,Desired.Deleted _ -> PowerState.POWER_STATE_STOPPED;
                })
                .setState(state(vm.phase())).setStateMessage(sight.message())
                .setHost(vm.owner().map(Owner::host).map(HostId::resourceName).orElse(""))
                .setEpoch(vm.owner().map(Owner::epoch).orElse(vm.lastEpoch())).setHostReachable(sight.reachable())
                .setDriver(sight.driver()).setCreateTime(Timestamps.of(vm.created()))
                .setStateTime(Timestamps.of(vm.status().since())).setReboots(sight.reboots())
                .setGeneration(vm.generation() + vm.devices().generation())
                .setDeviceChange(vm.devices().change()
                        .map(change -> change.text() + change.failure().map(why -> ", which failed: " + why).orElse(""))
                        .orElse(""));
        vm.migration().underWay().flatMap(move -> vm.migration().id())
                .ifPresent(id -> message.setMigration(id.resourceName()));
        vm.saved().ifPresent(kept -> message.setSavedHost(kept.host().resourceName()));
        vm.lastEnd().ifPresent(end -> message.setLastExit(exit(end)));
        vm.placement().ifPresent(placement -> message.setPlacement(of(placement)));
        return message.build();
    }

    static VmState state(Phase phase) {
        return switch (phase) {
            case PENDING -> VmState.VM_STATE_PENDING;
            case STARTING -> VmState.VM_STATE_STARTING;
            case RUNNING -> VmState.VM_STATE_RUNNING;
            case STOPPING -> VmState.VM_STATE_STOPPING;
            case STOPPED -> VmState.VM_STATE_STOPPED;
            case FAILED -> VmState.VM_STATE_FAILED;
            case DELETING -> VmState.VM_STATE_DELETING;
            case SUSPENDING -> VmState.VM_STATE_SUSPENDING;
            case SUSPENDED -> VmState.VM_STATE_SUSPENDED;
        };
    }

    static VmExit exit(RunEnd end) {
        return VmExit.newBuilder().setCauseValue(end.cause().number()).setMessage(end.message())
                .setTime(Timestamps.of(end.time())).build();
    }

    static io.drover.proto.v1.Placement of(Placement placement) {
        io.drover.proto.v1.Placement.Builder message = io.drover.proto.v1.Placement.newBuilder()
                .setHost(placement.host().map(HostId::resourceName).orElse("")).setDriver(placement.driver())
                .setScore(placement.score()).setHostsConsidered(placement.hostsConsidered())
                .setHostsFeasible(placement.hostsFeasible()).setNearestMiss(placement.nearestMiss())
                .setTime(Timestamps.of(placement.time()));
        new TreeMap<>(placement.rejected()).forEach((filter, hosts) -> message
                .addRejected(io.drover.proto.v1.Placement.FilterCount.newBuilder().setFilter(filter).setHosts(hosts)));
        return message.build();
    }
}
