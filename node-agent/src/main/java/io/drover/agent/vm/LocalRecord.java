package io.drover.agent.vm;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import io.drover.agent.folder.DurableFile;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.ProcessIdentity;
import io.drover.proto.agent.v1.CpuidEntry;
import io.drover.proto.agent.v1.Exit;
import io.drover.proto.agent.v1.LocalVm;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.format.RecordFormat;
import io.drover.vmm.client.VmmCpuidEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What is kept in {@code local.pb}, and shown to controllers.
 *
 * @param start as the controller asked
 * @param reboots of the guest in this run
 * @param given what the run goes on with, whatever process it is in
 * @param devices how far the run's are behind what was asked for
 * @param leavingBy the migration whose hand-off this host is in as the source
 */
record LocalRecord(StartVmRequest start, LocalState state, int reboots, Given given, DeviceOrder devices,
        Optional<String> leavingBy) {
    private static final int NEWEST_FORMAT = RecordFormat.newest(LocalVm.getDescriptor());

    /**
     * What a run was given when it began, and keeps.
     *
     * @param cpus of the host, that the VM has to itself, in the order of its vCPUs
     * @param cpuid what the guest is shown; empty: it has not been told yet
     */
    record Given(List<Integer> cpus, List<VmmCpuidEntry> cpuid) {
        static final Given NOTHING = new Given(List.of(), List.of());

        Given {
            cpus = List.copyOf(cpus);
            cpuid = List.copyOf(cpuid);
        }
    }

    LocalRecord {
        Objects.requireNonNull(start);
        Objects.requireNonNull(state);
        Objects.requireNonNull(given);
        Objects.requireNonNull(leavingBy);
    }

    /** Of a run that was given nothing yet. */
    LocalRecord(StartVmRequest start, LocalState state, int reboots) {
        this(start, state, reboots, Given.NOTHING, DeviceOrder.of(start), Optional.empty());
    }

    LocalRecord withState(LocalState next) {
        return new LocalRecord(start, next, reboots, given, devices, leavingBy);
    }

    LocalRecord withReboots(int count) {
        return new LocalRecord(start, state, count, given, devices, leavingBy);
    }

    LocalRecord withGiven(Given now) {
        return new LocalRecord(start, state, reboots, now, devices, leavingBy);
    }

    LocalRecord with(StartVmRequest newStart, DeviceOrder newDevices) {
        return new LocalRecord(newStart, state, reboots, given, newDevices, leavingBy);
    }

    /** Whether it has ended, and what was saved of it is kept. */
    boolean isSuspended() {
        return state instanceof LocalState.Ended(VmExit exit) && exit.cause() == VmExit.Cause.SUSPENDED;
    }

    /** The same run, whose guest has gone on from what was saved of it: that is no more, and it boots when it reboots. */
    LocalRecord wentOn() {
        return with(start.toBuilder().clearSavedEpoch().build(), devices);
    }

    /** The same run under another epoch, to which a hand-off has come. */
    LocalRecord withEpoch(long epoch) {
        return new LocalRecord(start.toBuilder().setEpoch(epoch).build(), state, reboots, given, devices, leavingBy);
    }

    LocalRecord leavingBy(Optional<String> migration) {
        return new LocalRecord(start, state, reboots, given, devices, migration);
    }

    /** Makes it durable. */
    void write(VmFolder folder) throws IOException {
        DurableFile.replace(folder.state(), toProto().toByteArray());
    }

    /**
     * Reads what an agent left; empty when there is none, so that nothing was ever spawned there.
     *
     * @throws IOException when it cannot be read, or is of a newer format
     */
    static Optional<LocalRecord> read(VmFolder folder) throws IOException {
        try {
            LocalVm stored = LocalVm.parseFrom(Files.readAllBytes(folder.state()));
            if (stored.getFormat() < RecordFormat.FIRST || stored.getFormat() > NEWEST_FORMAT) {
                throw new IOException(folder.state() + " format : " + stored.getFormat() + " (expected: "
                        + RecordFormat.FIRST + " to " + NEWEST_FORMAT
                        + "; run the agent that wrote it, or a newer one)");
            }
            return Optional.of(new LocalRecord(stored.getStart(), state(stored), stored.getReboots(), given(stored),
                    devices(stored), Optional.of(stored.getLeavingByMigration()).filter(id -> !id.isEmpty())));
        } catch (NoSuchFileException expected) {
            return Optional.empty();
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new IOException(folder.state() + " is damaged: " + e.getMessage(), e);
        }
    }

    private static Given given(LocalVm stored) {
        return new Given(stored.getCpusList(), stored.getCpuidList().stream()
                .map(entry -> new VmmCpuidEntry(entry.getFunction(), entry.getIndex(), entry.getFlags(),
                        entry.getEax(), entry.getEbx(), entry.getEcx(), entry.getEdx()))
                .toList());
    }

    private static CpuidEntry proto(VmmCpuidEntry entry) {
        return CpuidEntry.newBuilder().setFunction(entry.function()).setIndex(entry.index()).setFlags(entry.flags())
                .setEax(entry.eax()).setEbx(entry.ebx()).setEcx(entry.ecx()).setEdx(entry.edx()).build();
    }

    private static DeviceOrder devices(LocalVm stored) {
        return new DeviceOrder(stored.hasDeviceChange() ? Optional.of(stored.getDeviceChange()) : Optional.empty(),
                Math.max(stored.getDeviceGeneration(), stored.getStart().getDeviceGeneration()),
                stored.getDeviceFailure().isEmpty() ? Optional.empty() : Optional.of(stored.getDeviceFailure()));
    }

    private static LocalState state(LocalVm stored) throws IOException {
        Instant since = Instant.ofEpochMilli(stored.getTimeUnixMillis());
        return switch (stored.getState()) {
            case STARTING -> new LocalState.Starting(since);
            case RUNNING -> stored.getSuspendingBy().isEmpty() ? new LocalState.Running(since, process(stored))
                    : new LocalState.Suspending(since, process(stored), stored.getSuspendingBy());
            case STOPPING ->
                new LocalState.Stopping(since, process(stored),
                        Instant.ofEpochMilli(stored.getStopDeadlineUnixMillis()));
            case ENDED -> new LocalState.Ended(exit(stored.getExit()));
            case STATE_UNSPECIFIED, UNRECOGNIZED ->
                throw new IOException("state of " + stored.getStart().getVm() + " : " + stored.getStateValue()
                        + " (expected: 1 to 4)");
        };
    }

    private static ProcessIdentity process(LocalVm stored) {
        return new ProcessIdentity(stored.getPid(), stored.getStartTicks());
    }

    private static VmExit exit(Exit exit) {
        return new VmExit(VmExit.Cause.valueOf(exit.getCause().name()), exit.getMessage(),
                Instant.ofEpochSecond(exit.getTime().getSeconds(), exit.getTime().getNanos()));
    }

    private static Exit proto(VmExit exit) {
        return Exit.newBuilder().setCause(Exit.Cause.valueOf(exit.cause().name())).setMessage(exit.message())
                .setTime(timestamp(exit.time())).build();
    }

    private LocalVm toProto() {
        LocalVm.Builder stored = LocalVm.newBuilder()
                .setStart(start).setReboots(reboots).addAllCpus(given.cpus())
                .addAllCpuid(given.cpuid().stream().map(LocalRecord::proto).toList())
                .setState(shown(state)).setTimeUnixMillis(state.since().toEpochMilli());
        process().ifPresent(process -> stored.setPid(process.pid()).setStartTicks(process.startTicks()));
        if (state instanceof LocalState.Stopping stopping) {
            stored.setStopDeadlineUnixMillis(stopping.deadline().toEpochMilli());
        }
        if (state instanceof LocalState.Ended(VmExit exit)) {
            stored.setExit(proto(exit)).setSuspended(isSuspended());
        }
        if (state instanceof LocalState.Suspending suspending) {
            stored.setSuspendingBy(suspending.operation());
        }
        stored.setDeviceGeneration(devices.generation()).setDeviceFailure(devices.failure().orElse(""));
        devices.pending().ifPresent(stored::setDeviceChange);
        leavingBy.ifPresent(stored::setLeavingByMigration);
        return stored.setFormat(RecordFormat.of(stored)).build();
    }

    /**
     * What controllers see.
     *
     * @param keepsDisks whether disks are here to which the guest may have written
     * @param waiting for what a change of devices waits; empty: nothing
     */
    VmObservation observation(boolean keepsDisks, String waiting) {
        VmObservation.Builder shown = VmObservation.newBuilder().setVm(start.getVm()).setUid(start.getUid())
                .setEpoch(start.getEpoch()).setState(shown(state)).setDriver(start.getDriver()).setReboots(reboots)
                .setTime(timestamp(state.since())).setKeepsDisks(keepsDisks);
        process().ifPresent(process -> shown.setPid(process.pid()));
        shown.setDeviceGeneration(devices.newest());
        if (devices.pending().isPresent()) {
            shown.setDeviceState(VmObservation.DeviceState.DEVICE_PENDING).setDeviceMessage(waiting);
        } else if (devices.failure().isPresent()) {
            shown.setDeviceState(VmObservation.DeviceState.DEVICE_FAILED).setDeviceMessage(devices.failure().get());
        }
        if (state instanceof LocalState.Ended(VmExit exit)) {
            shown.setExit(proto(exit));
        }
        return shown.build();
    }

    private Optional<ProcessIdentity> process() {
        return switch (state) {
            case LocalState.Running running -> Optional.of(running.process());
            case LocalState.Suspending suspending -> Optional.of(suspending.process());
            case LocalState.Stopping stopping -> Optional.of(stopping.process());
            case LocalState.Starting ignored -> Optional.empty();
            case LocalState.Ended ignored -> Optional.empty();
        };
    }

    private static VmObservation.State shown(LocalState state) {
        return switch (state) {
            case LocalState.Starting ignored -> VmObservation.State.STARTING;
            case LocalState.Running ignored -> VmObservation.State.RUNNING;
            case LocalState.Suspending ignored -> VmObservation.State.RUNNING;
            case LocalState.Stopping ignored -> VmObservation.State.STOPPING;
            case LocalState.Ended ignored -> VmObservation.State.ENDED;
        };
    }

    private static Timestamp timestamp(Instant time) {
        return Timestamp.newBuilder().setSeconds(time.getEpochSecond()).setNanos(time.getNano()).build();
    }
}
