package io.drover.vmm.client;

import io.drover.proto.vmm.v1.ConsolePortStatus;
import io.drover.proto.vmm.v1.DiskStatus;
import io.drover.proto.vmm.v1.NicStatus;
import io.drover.proto.vmm.v1.RngStatus;
import io.drover.proto.vmm.v1.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A VMM at one moment.
 *
 * @param firstInstruction
 *            from the start of the process to the first guest instruction; empty before that
 * @param exits
 *            from the guest so far, all vCPUs together
 * @param disks
 *            in the order of {@link VmmSettings#disks}, then those that came later
 * @param consolePorts
 *            of the virtio console device: the console first, if it has one, then as in {@link VmmConsole#ports}
 * @param vsock
 *            empty when the guest has no socket device
 * @param balloon
 *            if there is one
 * @param watchdog
 *            if there is one
 * @param prefaultedBytes
 *            of the guest's memory, so far, while {@link State#STARTING}
 * @param nics
 *            as the disks
 * @param lease
 *            whether the guest may run, as far as ownership goes
 * @param pauseAsked
 *            somebody asked for it to be paused, whatever the lease says
 * @param rngBytes
 *            that the source of entropy has given the guest since the VMM started; empty without one
 */
public record VmmStatus(State state, String vm, String uid, long epoch, long pid, Optional<Duration> firstInstruction,
        int vcpus, long memoryBytes, long exits, List<VmmDiskStatus> disks,
        List<VmmPortStatus> consolePorts, Optional<VmmVsockStatus> vsock, Optional<VmmBalloonStatus> balloon,
        Optional<VmmWatchdogStatus> watchdog, long prefaultedBytes, List<VmmNicStatus> nics, VmmLease lease,
        boolean pauseAsked, OptionalLong rngBytes) {
    /** Where the machine's life is. */
    public enum State {
        /** Being put together, no vCPU has run. */
        STARTING,
        /** Every vCPU is out of the guest. */
        PAUSED,
        RUNNING,
        /** The guest will not run again; the process is about to end. */
        ENDED
    }

    public VmmStatus {
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(vm, "vm");
        Objects.requireNonNull(uid, "uid");
        Objects.requireNonNull(firstInstruction, "firstInstruction");
        disks = List.copyOf(disks);
        consolePorts = List.copyOf(consolePorts);
        Objects.requireNonNull(vsock, "vsock");
        Objects.requireNonNull(balloon, "balloon");
        Objects.requireNonNull(watchdog, "watchdog");
        nics = List.copyOf(nics);
        Objects.requireNonNull(lease, "lease");
        Objects.requireNonNull(rngBytes, "rngBytes");
    }

    /** Converts from the protocol. */
    public static VmmStatus of(Status status) {
        State state = switch (status.getState()) {
            case PAUSED -> State.PAUSED;
            case RUNNING -> State.RUNNING;
            case ENDED -> State.ENDED;
            case STARTING, STATE_UNSPECIFIED, UNRECOGNIZED -> State.STARTING;
        };
        long first = status.getFirstInstructionNanos();
        List<VmmDiskStatus> disks = new ArrayList<>();
        for (DiskStatus disk : status.getDisksList()) {
            disks.add(VmmDiskStatus.of(disk));
        }
        List<VmmNicStatus> nics = new ArrayList<>();
        for (NicStatus nic : status.getNicsList()) {
            nics.add(VmmNicStatus.of(nic));
        }
        List<VmmPortStatus> consolePorts = new ArrayList<>();
        for (ConsolePortStatus port : status.getConsolePortsList()) {
            consolePorts.add(VmmPortStatus.of(port));
        }
        return new VmmStatus(state, status.getVm(), status.getUid(), status.getEpoch(), status.getPid(),
                first == 0 ? Optional.empty() : Optional.of(Duration.ofNanos(first)), status.getVcpus(),
                status.getMemoryBytes(), status.getExits(), disks, consolePorts,
                status.hasVsock() ? Optional.of(VmmVsockStatus.of(status.getVsock())) : Optional.empty(),
                status.hasBalloon() ? Optional.of(VmmBalloonStatus.of(status.getBalloon())) : Optional.empty(),
                status.hasWatchdog() ? Optional.of(VmmWatchdogStatus.of(status.getWatchdog())) : Optional.empty(),
                status.getPrefaultedBytes(), nics, VmmLease.of(status.getLease()), status.getPauseAsked(),
                status.hasRng() ? OptionalLong.of(status.getRng().getBytes()) : OptionalLong.empty());
    }

    /** Converts to the protocol. */
    public Status toProto() {
        Status.State wire = switch (state) {
            case STARTING -> Status.State.STARTING;
            case PAUSED -> Status.State.PAUSED;
            case RUNNING -> Status.State.RUNNING;
            case ENDED -> Status.State.ENDED;
        };
        Status.Builder status = Status.newBuilder()
                .setState(wire)
                .setVm(vm)
                .setUid(uid)
                .setEpoch(epoch)
                .setPid(pid)
                .setFirstInstructionNanos(firstInstruction.isPresent() ? firstInstruction.get().toNanos() : 0)
                .setVcpus(vcpus)
                .setMemoryBytes(memoryBytes)
                .setExits(exits)
                .setPrefaultedBytes(prefaultedBytes)
                .setLease(lease.toProto())
                .setPauseAsked(pauseAsked);
        for (VmmDiskStatus disk : disks) {
            status.addDisks(disk.toProto());
        }
        for (VmmNicStatus nic : nics) {
            status.addNics(nic.toProto());
        }
        for (VmmPortStatus port : consolePorts) {
            status.addConsolePorts(port.toProto());
        }
        if (vsock.isPresent()) {
            status.setVsock(vsock.get().toProto());
        }
        if (balloon.isPresent()) {
            status.setBalloon(balloon.get().toProto());
        }
        rngBytes.ifPresent(bytes -> status.setRng(RngStatus.newBuilder().setBytes(bytes)));
        if (watchdog.isPresent()) {
            status.setWatchdog(watchdog.get().toProto());
        }
        return status.build();
    }
}
