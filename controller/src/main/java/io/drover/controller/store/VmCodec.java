package io.drover.controller.store;

import com.google.protobuf.InvalidProtocolBufferException;
import io.drover.controller.record.Consoles;
import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.Desired;
import io.drover.controller.record.Disk;
import io.drover.controller.record.GuestDevices;
import io.drover.controller.record.HaPolicy;
import io.drover.controller.record.HostId;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Placement;
import io.drover.controller.record.Refusal;
import io.drover.controller.record.Resources;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.SavedGuest;
import io.drover.controller.record.Status;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmSpec;
import io.drover.proto.format.RecordFormat;
import io.drover.proto.state.v1.Exit;
import io.drover.proto.state.v1.VmRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** VMs as they are in ZooKeeper. */
final class VmCodec {
    /** The texts of a record give way, so that it stays under {@link Layout#MAX_VM_RECORD_BYTES}. */
    private static final int[] TEXT_LIMITS = {160, 100, 60, 24, 0};

    private static final int NEWEST_FORMAT = RecordFormat.newest(VmRecord.getDescriptor());

    /** The numbers of drover.v1.VmDisk.CacheMode. */
    private static final int WRITE_BACK = 1;
    private static final int WRITE_THROUGH = 2;

    /** The numbers of drover.v1.VmWatchdog.Action. */
    private static final int WATCHDOG_RESET = 1;
    private static final int WATCHDOG_POWER_OFF = 2;

    private VmCodec() {}

    /**
     * The bytes of a record.
     *
     * @throws IllegalArgumentException when even without its texts the record is too large; the API limits specs, so none is
     */
    static byte[] encode(Vm vm) {
        for (int limit : TEXT_LIMITS) {
            byte[] bytes = encode(vm, limit);
            if (bytes.length < Layout.MAX_VM_RECORD_BYTES) {
                return bytes;
            }
        }
        throw new IllegalArgumentException(
                "record of " + vm.id() + " : " + encode(vm, 0).length + " bytes (expected: less than "
                        + Layout.MAX_VM_RECORD_BYTES + ")");
    }

    private static byte[] encode(Vm vm, int textChars) {
        VmRecord.Builder record = VmRecord.newBuilder()
                .setVm(vm.id().value())
                .setUid(vm.uid())
                .setGeneration(vm.generation()).setSpec(encode(vm.spec())).setLastEpoch(vm.lastEpoch())
                .setPhase(encode(vm.phase())).setPhaseMessage(cut(vm.status().message(), textChars))
                .setPhaseTime(Timestamps.of(vm.status().since())).setCreateTime(Timestamps.of(vm.created()))
                .setReboots(vm.reboots());
        switch (vm.desired()) {
            case Desired.Running() -> record.setDesired(VmRecord.Desired.RUNNING);
            case Desired.Stopped(Duration grace) ->
                record.setDesired(VmRecord.Desired.STOPPED).setStopGraceMillis(grace.toMillis());
            case Desired.Suspended() -> record.setDesired(VmRecord.Desired.STOPPED).setSuspend(true);
            case Desired.Deleted() -> record.setDesired(VmRecord.Desired.DELETED);
        }
        vm.owner().ifPresent(owner -> record
                .setOwner(VmRecord.Owner.newBuilder().setHost(owner.host().value()).setEpoch(owner.epoch())
                        .setLeased(owner.leased())));
        vm.lastEnd().ifPresent(end -> record.setLastExit(Exit.newBuilder().setCause(end.cause().number())
                .setMessage(cut(end.message(), textChars)).setTime(Timestamps.of(end.time()))));
        vm.placement().ifPresent(placement -> record.setPlacement(encode(placement, textChars)));
        for (Refusal refusal : vm.refusals()) {
            record.addRefusals(VmRecord.Refusal.newBuilder().setHost(refusal.host().value())
                    .setMessage(cut(refusal.message(), textChars)).setTime(Timestamps.of(refusal.time()))
                    .setFailures(refusal.failures()));
        }
        vm.remains().ifPresent(host -> record.setLastHost(host.value()));
        vm.disksHost().ifPresent(host -> record.setDisksHost(host.value()));
        vm.saved().ifPresent(kept -> record
                .setSaved(VmRecord.Saved.newBuilder().setHost(kept.host().value()).setEpoch(kept.epoch())));
        DeviceCodec.encode(vm.devices(), record, textChars);
        MigrationCodec.encode(vm.migration(), record, textChars);
        return record.setFormat(RecordFormat.of(record)).build().toByteArray();
    }

    static io.drover.proto.state.v1.VmSpec encode(VmSpec spec) {
        io.drover.proto.state.v1.VmSpec.Builder record = io.drover.proto.state.v1.VmSpec.newBuilder()
                .setVcpus(spec.vcpus()).setMemoryBytes(spec.memoryBytes())
                .setImage(spec.image().value()).setExtraCommandLine(spec.extraCommandLine()).setDriver(spec.driver())
                .putAllHostSelector(spec.hostSelector()).addAllCpuFeatures(spec.cpuFeatures())
                .addAllDisks(spec.disks().stream().map(VmCodec::encode).toList())
                .addAllNics(spec.nics().stream().map(NicCodec::encode).toList()).setVsock(spec.vsock())
                .setCpuModel(spec.cpuModel().map(CpuModelId::value).orElse(""))
                .setMemoryTargetBytes(spec.memoryTargetBytes());
        if (spec.consoles().any()) {
            record.setConsoles(io.drover.proto.state.v1.VmSpec.Consoles.newBuilder()
                    .setVirtio(spec.consoles().virtio()).addAllPorts(spec.consoles().ports()));
        }
        if (spec.devices().balloon()) {
            record.setBalloon(io.drover.proto.state.v1.VmSpec.Balloon.getDefaultInstance());
        }
        if (!spec.resources().equals(Resources.NONE)) {
            record.setResources(ResourcesCodec.encode(spec.resources()));
        }
        if (spec.ha() != HaPolicy.NONE) {
            record.setHaPolicy(spec.ha().number());
        }
        spec.devices().watchdog().ifPresent(action -> record.setWatchdogAction(switch (action) {
            case RESET -> WATCHDOG_RESET;
            case POWER_OFF -> WATCHDOG_POWER_OFF;
        }));
        return record.build();
    }

    static io.drover.proto.state.v1.VmSpec.Disk encode(Disk disk) {
        return io.drover.proto.state.v1.VmSpec.Disk.newBuilder().setName(disk.name())
                .setImage(disk.image().map(ImageId::value).orElse("")).setSizeBytes(disk.sizeBytes())
                .setReadOnly(disk.readOnly()).setSerial(disk.givenSerial()).setCacheMode(switch (disk.cache()) {
                    case WRITE_BACK -> WRITE_BACK;
                    case WRITE_THROUGH -> WRITE_THROUGH;
                }).setBytesPerSecond(disk.limits().bytesPerSecond())
                .setOperationsPerSecond(disk.limits().operationsPerSecond()).build();
    }

    private static io.drover.proto.state.v1.Placement encode(Placement placement, int textChars) {
        return io.drover.proto.state.v1.Placement.newBuilder().setHost(placement.host().map(HostId::value).orElse(""))
                .setDriver(placement.driver()).setScore(placement.score())
                .setHostsConsidered(placement.hostsConsidered())
                .setHostsFeasible(placement.hostsFeasible()).putAllRejected(placement.rejected())
                .setNearestMiss(cut(placement.nearestMiss(), textChars)).setTime(Timestamps.of(placement.time()))
                .build();
    }

    static Vm decode(byte[] bytes) throws UnreadableRecordException {
        try {
            VmRecord record = VmRecord.parseFrom(bytes);
            Layout.requireFormat(record.getFormat(), NEWEST_FORMAT);
            return new Vm(new VmId(record.getVm()), record.getUid(), record.getGeneration(), decode(record.getSpec()),
                    desired(record), owner(record), record.getLastEpoch(),
                    new Status(decode(record.getPhase()), record.getPhaseMessage(),
                            Timestamps.read(record.getPhaseTime())),
                    record.hasLastExit() ? Optional.of(decode(record.getLastExit())) : Optional.empty(),
                    record.hasPlacement() ? Optional.of(decode(record.getPlacement())) : Optional.empty(),
                    Timestamps.read(record.getCreateTime()), record.getReboots(), refusals(record),
                    host(record.getLastHost()), host(record.getDisksHost()), saved(record),
                    DeviceCodec.decode(record),
                    MigrationCodec.decode(record));
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new UnreadableRecordException("VM record : " + bytes.length + " bytes (expected: a VmRecord): "
                    + e.getMessage(), e);
        }
    }

    private static VmSpec decode(io.drover.proto.state.v1.VmSpec spec) {
        return new VmSpec(spec.getVcpus(), spec.getMemoryBytes(), new ImageId(spec.getImage()),
                spec.getExtraCommandLine(),
                spec.getDriver(), spec.getHostSelectorMap(), spec.getCpuFeaturesList(),
                spec.getDisksList().stream().map(VmCodec::decode).toList(),
                spec.getNicsList().stream().map(NicCodec::decode).toList(), spec.getVsock(),
                new Consoles(spec.getConsoles().getVirtio(), spec.getConsoles().getPortsList()),
                spec.getCpuModel().isEmpty() ? Optional.empty() : Optional.of(new CpuModelId(spec.getCpuModel())),
                new GuestDevices(spec.hasBalloon(), watchdog(spec.getWatchdogAction())),
                ResourcesCodec.decode(spec.getResources()), spec.getMemoryTargetBytes(), ha(spec.getHaPolicy()));
    }

    private static HaPolicy ha(int number) {
        return Stream.of(HaPolicy.values()).filter(policy -> policy.number() == Math.max(1, number)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("HA policy : " + number));
    }

    private static Optional<GuestDevices.Watchdog> watchdog(int action) {
        return switch (action) {
            case 0 -> Optional.empty();
            case WATCHDOG_RESET -> Optional.of(GuestDevices.Watchdog.RESET);
            case WATCHDOG_POWER_OFF -> Optional.of(GuestDevices.Watchdog.POWER_OFF);
            default -> throw new IllegalArgumentException("watchdog action : " + action);
        };
    }

    static Disk decode(io.drover.proto.state.v1.VmSpec.Disk disk) {
        Optional<ImageId> image = disk.getImage().isEmpty() ? Optional.empty()
                : Optional.of(new ImageId(disk.getImage()));
        return new Disk(disk.getName(), image, disk.getSizeBytes(), disk.getReadOnly(), disk.getSerial(),
                switch (disk.getCacheMode()) {
                    case WRITE_BACK -> Disk.Cache.WRITE_BACK;
                    case WRITE_THROUGH -> Disk.Cache.WRITE_THROUGH;
                    default -> throw new IllegalArgumentException("cache mode : " + disk.getCacheMode());
                }, new Disk.Limits(disk.getBytesPerSecond(), disk.getOperationsPerSecond()));
    }

    private static Desired desired(VmRecord record) {
        return switch (record.getDesired()) {
            case RUNNING -> new Desired.Running();
            case STOPPED -> record.getSuspend() ? new Desired.Suspended()
                    : new Desired.Stopped(Duration.ofMillis(record.getStopGraceMillis()));
            case DELETED -> new Desired.Deleted();
            case DESIRED_UNSPECIFIED, UNRECOGNIZED ->
                throw new IllegalArgumentException("desired : " + record.getDesiredValue());
        };
    }

    private static Optional<Owner> owner(VmRecord record) {
        return record.hasOwner()
                ? Optional.of(new Owner(new HostId(record.getOwner().getHost()), record.getOwner().getEpoch(),
                        record.getOwner().getLeased()))
                : Optional.empty();
    }

    private static List<Refusal> refusals(VmRecord record) {
        return record.getRefusalsList().stream()
                .map(refusal -> new Refusal(new HostId(refusal.getHost()), refusal.getMessage(),
                        Timestamps.read(refusal.getTime()), Math.max(0, refusal.getFailures())))
                .toList();
    }

    private static RunEnd decode(Exit exit) {
        return new RunEnd(RunEnd.Cause.of(exit.getCause()), exit.getMessage(), Timestamps.read(exit.getTime()));
    }

    private static Placement decode(io.drover.proto.state.v1.Placement placement) {
        return new Placement(host(placement.getHost()), placement.getDriver(), placement.getScore(),
                placement.getHostsConsidered(), placement.getHostsFeasible(), placement.getRejectedMap(),
                placement.getNearestMiss(), Timestamps.read(placement.getTime()));
    }

    private static Optional<SavedGuest> saved(VmRecord record) {
        return record.hasSaved()
                ? Optional.of(new SavedGuest(new HostId(record.getSaved().getHost()), record.getSaved().getEpoch()))
                : Optional.empty();
    }

    private static Optional<HostId> host(String value) {
        return value.isEmpty() ? Optional.empty() : Optional.of(new HostId(value));
    }

    private static VmRecord.Phase encode(Phase phase) {
        return switch (phase) {
            case PENDING -> VmRecord.Phase.PHASE_PENDING;
            case STARTING -> VmRecord.Phase.PHASE_STARTING;
            case RUNNING -> VmRecord.Phase.PHASE_RUNNING;
            case STOPPING -> VmRecord.Phase.PHASE_STOPPING;
            case STOPPED -> VmRecord.Phase.PHASE_STOPPED;
            case FAILED -> VmRecord.Phase.PHASE_FAILED;
            case DELETING -> VmRecord.Phase.PHASE_DELETING;
            case SUSPENDING -> VmRecord.Phase.PHASE_SUSPENDING;
            case SUSPENDED -> VmRecord.Phase.PHASE_SUSPENDED;
        };
    }

    private static Phase decode(VmRecord.Phase phase) {
        return switch (phase) {
            case PHASE_PENDING -> Phase.PENDING;
            case PHASE_STARTING -> Phase.STARTING;
            case PHASE_RUNNING -> Phase.RUNNING;
            case PHASE_STOPPING -> Phase.STOPPING;
            case PHASE_STOPPED -> Phase.STOPPED;
            case PHASE_FAILED -> Phase.FAILED;
            case PHASE_DELETING -> Phase.DELETING;
            case PHASE_SUSPENDING -> Phase.SUSPENDING;
            case PHASE_SUSPENDED -> Phase.SUSPENDED;
            case PHASE_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalArgumentException("phase : " + phase);
        };
    }

    static String cut(String text, int chars) {
        if (text.length() <= chars) {
            return text;
        }
        if (chars == 0) {
            return "";
        }
        int end = chars > 1 && Character.isHighSurrogate(text.charAt(chars - 2)) ? chars - 2 : chars - 1;
        return text.substring(0, end) + "…";
    }
}
