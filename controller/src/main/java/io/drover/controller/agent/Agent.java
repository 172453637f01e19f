package io.drover.controller.agent;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import io.drover.controller.file.FileStore;
import io.drover.controller.record.Resources;
import io.drover.controller.record.CpuModel;
import io.drover.controller.record.DeviceChange;
import io.drover.controller.record.Disk;
import io.drover.controller.record.Image;
import io.drover.controller.record.MigrationId;
import io.drover.controller.record.Nic;
import io.drover.controller.record.Sha256;
import io.drover.proto.agent.v1.AgentServiceGrpc;
import io.drover.proto.agent.v1.AttachConsoleRequest;
import io.drover.proto.agent.v1.AttachConsoleResponse;
import io.drover.proto.agent.v1.CancelSuspendVmRequest;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.CpuidLeaf;
import io.drover.proto.agent.v1.FindFilesRequest;
import io.drover.proto.agent.v1.ListVmUsageRequest;
import io.drover.proto.agent.v1.ObserveRequest;
import io.drover.proto.agent.v1.ObserveResponse;
import io.drover.proto.agent.v1.PutFileRequest;
import io.drover.proto.agent.v1.PutFileResponse;
import io.drover.proto.agent.v1.ReadLogRequest;
import io.drover.proto.agent.v1.ReadLogResponse;
import io.drover.proto.agent.v1.ReceiveVmRequest;
import io.drover.proto.agent.v1.RemoveVmRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.StartVmResponse;
import io.drover.proto.agent.v1.StopVmRequest;
import io.drover.proto.agent.v1.SuspendVmRequest;
import io.drover.proto.agent.v1.VmUsage;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** One agent, as a client asks it. Every method blocks, for at most its deadline: call it from a virtual thread. */
public final class Agent {
    /** QEMU in software may take its time to load a large initramfs. */
    private static final long START_SECONDS = 60;
    private static final long ASK_SECONDS = 20;
    private static final long USAGE_SECONDS = 3;
    private static final long PUT_SECONDS = 600;
    private static final int CHUNK_BYTES = 256 << 10;

    private final ManagedChannel channel;

    Agent(ManagedChannel channel) {
        this.channel = channel;
    }

    /** No deadline: the stream lasts as long as the agent. */
    BlockingClientCall<?, ObserveResponse> observe() {
        return AgentServiceGrpc.newBlockingV2Stub(channel).observe(ObserveRequest.getDefaultInstance());
    }

    /**
     * What the host knows now of one VM: asked anew, so that it is not older than the question.
     *
     * @return done with empty when the host has nothing of it
     */
    public Answer<Optional<Observation>> look(String uid) throws InterruptedException {
        return ask(() -> {
            BlockingClientCall<?, ObserveResponse> call = stub(ASK_SECONDS)
                    .observe(ObserveRequest.getDefaultInstance());
            try {
                ObserveResponse first = call.read();
                if (first == null || !first.getComplete()) {
                    throw Status.UNAVAILABLE.withDescription("the agent did not tell what it runs").asException();
                }
                return first.getVmsList().stream().map(ObservationCodec::decode).flatMap(Optional::stream)
                        .filter(observation -> observation.uid().equals(uid)).findFirst();
            } finally {
                call.cancel("seen", null);
            }
        });
    }

    private static io.drover.proto.agent.v1.CpuModel cpuModel(CpuModel model) {
        return io.drover.proto.agent.v1.CpuModel.newBuilder().setName(model.id().value())
                .addAllLeaves(model.cpu().leaves().stream().map(leaf -> CpuidLeaf.newBuilder()
                        .setFunction(leaf.function()).setIndex(leaf.index()).setEax(leaf.eax()).setEbx(leaf.ebx())
                        .setEcx(leaf.ecx()).setEdx(leaf.edx()).build()).toList())
                .build();
    }

    /** Empty when the agent started it but says nothing that can be understood. */
    public Answer<Optional<Observation>> start(RunOrder order) throws InterruptedException {
        StartVmRequest request = request(order);
        return ask(() -> {
            StartVmResponse response = stub(START_SECONDS).startVm(request);
            return ObservationCodec.decode(response.getObservation());
        });
    }

    /** Makes the host the destination of a migration: that it has begun, or had. What becomes of it is observed. */
    public Answer<Optional<Observation>> receive(RunOrder order, MigrationId migration) throws InterruptedException {
        ReceiveVmRequest request = ReceiveVmRequest.newBuilder().setStart(request(order))
                .setMigration(migration.value()).build();
        return ask(() -> ObservationCodec.decode(stub(START_SECONDS).receiveVm(request).getObservation()));
    }

    private static StartVmRequest request(RunOrder order) {
        StartVmRequest.Builder request = StartVmRequest.newBuilder().setVm(order.vm().value()).setUid(order.uid())
                .setEpoch(order.epoch()).setOperationId(order.operation()).setDriver(order.driver())
                .setVcpus(order.vcpus())
                .setMemoryBytes(order.memoryBytes()).setKernelSha256(order.kernel().hex())
                .setInitramfsSha256(order.initramfs().map(Sha256::hex).orElse("")).setCommandLine(order.commandLine())
                .addAllDisks(order.disks().stream().map(Agent::disk).toList())
                .setDisksExpected(order.disksExpected())
                .addAllNics(order.nics().stream().map(NicMessages::of).toList()).setVsock(order.vsock())
                .setGenerationId(ByteString.copyFrom(order.generationId().bytes()))
                .setDeviceGeneration(order.deviceState().generation())
                .addAllAddedDisks(order.deviceState().addedDisks())
                .addAllRemovedDisks(order.deviceState().removedDisks()).setMemoryTargetBytes(order.memoryTargetBytes())
                .setSavedEpoch(order.savedEpoch());
        if (order.consoles().any()) {
            request.setConsoles(StartVmRequest.Consoles.newBuilder().setVirtio(order.consoles().virtio())
                    .addAllPorts(order.consoles().ports()));
        }
        request.setLeaseNeeded(order.leaseNeeded());
        order.cpuModel().ifPresent(model -> request.setCpuModel(cpuModel(model)));
        if (!order.resources().equals(Resources.NONE)) {
            request.setResources(ResourcesMessages.of(order.resources()));
        }
        if (order.devices().balloon()) {
            request.setBalloon(StartVmRequest.Balloon.getDefaultInstance());
        }
        order.devices().watchdog().ifPresent(action -> request.setWatchdog(switch (action) {
            case RESET -> StartVmRequest.Watchdog.WATCHDOG_RESET;
            case POWER_OFF -> StartVmRequest.Watchdog.WATCHDOG_POWER_OFF;
        }));
        return request.build();
    }

    /** Begins a change of the devices of what runs; how it ends is observed. */
    public Answer<Optional<Observation>> change(RunOrder order, DeviceChange change) throws InterruptedException {
        ChangeDeviceRequest.Builder request = ChangeDeviceRequest.newBuilder().setVm(order.vm().value())
                .setUid(order.uid()).setEpoch(order.epoch()).setOperationId(order.operation())
                .setGeneration(change.generation());
        switch (change.kind()) {
            case DeviceChange.Kind.AttachDisk(String name) -> request.setAttachDisk(disk(order, name));
            case DeviceChange.Kind.DetachDisk(Disk was, boolean force) -> request.setDetachDisk(
                    ChangeDeviceRequest.Release.newBuilder().setName(was.name()).setForce(force));
            case DeviceChange.Kind.ResizeDisk(String name, long _) -> request.setSetDisk(disk(order, name));
            case DeviceChange.Kind.SetDiskLimits(String name, Disk.Limits _) -> request.setSetDisk(disk(order, name));
            case DeviceChange.Kind.AttachNic(String name) -> request.setAttachNic(order.nics().stream()
                    .filter(nic -> nic.nic().name().equals(name)).map(NicMessages::of).findFirst().orElseThrow());
            case DeviceChange.Kind.DetachNic(Nic was, boolean force) -> request.setDetachNic(
                    ChangeDeviceRequest.Release.newBuilder().setName(was.name()).setForce(force));
            case DeviceChange.Kind.SetMemoryTarget(long _) ->
                request.setMemoryTargetBytes(order.memoryTargetBytes());
        }
        ChangeDeviceRequest asked = request.build();
        return ask(() -> ObservationCodec.decode(stub(START_SECONDS).changeDevice(asked).getObservation()));
    }

    private static StartVmRequest.Disk disk(RunOrder order, String name) {
        return order.disks().stream().filter(run -> run.disk().name().equals(name)).map(Agent::disk).findFirst()
                .orElseThrow();
    }

    private static StartVmRequest.Disk disk(RunDisk run) {
        Disk disk = run.disk();
        StartVmRequest.Disk.Builder message = StartVmRequest.Disk.newBuilder().setName(disk.name())
                .setSizeBytes(disk.sizeBytes()).setReadOnly(disk.readOnly()).setSerial(disk.serial())
                .setWriteThrough(disk.cache() == Disk.Cache.WRITE_THROUGH)
                .setBytesPerSecond(disk.limits().bytesPerSecond())
                .setOperationsPerSecond(disk.limits().operationsPerSecond());
        run.image().ifPresent(image -> message.setImageSha256(image.file().sha256().hex())
                .setImageFormat(switch (image.format()) {
                    case RAW -> StartVmRequest.Disk.Format.RAW;
                    case QCOW2 -> StartVmRequest.Disk.Format.QCOW2;
                }));
        return message.build();
    }

    /**
     * Begins a stop; the end is observed.
     *
     * @param grace zero stops by force
     */
    public Answer<Optional<Observation>> stop(RunRef run, java.time.Duration grace) throws InterruptedException {
        StopVmRequest request = StopVmRequest.newBuilder().setVm(run.vm().value()).setUid(run.uid())
                .setEpoch(run.epoch())
                .setOperationId(run.operation())
                .setGrace(Duration.newBuilder().setSeconds(grace.toSeconds()).setNanos(grace.toNanosPart())).build();
        return ask(() -> ObservationCodec.decode(stub(ASK_SECONDS).stopVm(request).getObservation()));
    }

    /** Begins to save it to the host's disk, which ends the run; how that goes is observed. */
    public Answer<Optional<Observation>> suspend(RunRef run) throws InterruptedException {
        SuspendVmRequest request = SuspendVmRequest.newBuilder().setVm(run.vm().value()).setUid(run.uid())
                .setEpoch(run.epoch()).setOperationId(run.operation()).build();
        return ask(() -> ObservationCodec.decode(stub(ASK_SECONDS).suspendVm(request).getObservation()));
    }

    /** Has what is being saved run on, if it is not too late; how that goes is observed. */
    public Answer<Optional<Observation>> cancelSuspension(RunRef run) throws InterruptedException {
        CancelSuspendVmRequest request = CancelSuspendVmRequest.newBuilder().setVm(run.vm().value())
                .setUid(run.uid()).setEpoch(run.epoch()).setOperationId(run.operation()).build();
        return ask(() -> ObservationCodec.decode(stub(ASK_SECONDS).cancelSuspendVm(request).getObservation()));
    }

    /** What these VMs have used, as far as they run there; asked so that a host that hangs delays nobody for long. */
    public Answer<List<VmUsage>> usage(List<String> uids) throws InterruptedException {
        ListVmUsageRequest request = ListVmUsageRequest.newBuilder().addAllUids(uids).build();
        return ask(() -> stub(USAGE_SECONDS).listVmUsage(request).getUsagesList());
    }

    /** Forgets a run that has ended; one that is not there is no error. */
    public Answer<Boolean> remove(RunRef run) throws InterruptedException {
        RemoveVmRequest request = RemoveVmRequest.newBuilder().setVm(run.vm().value()).setUid(run.uid())
                .setEpoch(run.epoch())
                .setOperationId(run.operation()).build();
        return ask(() -> {
            stub(ASK_SECONDS).removeVm(request);
            return true;
        });
    }

    /** Which of these files the host holds. */
    public Answer<Set<Sha256>> findFiles(List<Sha256> files) throws InterruptedException {
        FindFilesRequest request = FindFilesRequest.newBuilder().addAllSha256(files.stream().map(Sha256::hex).toList())
                .build();
        return ask(() -> {
            Set<Sha256> found = new HashSet<>();
            for (String hex : stub(ASK_SECONDS).findFiles(request).getSha256List()) {
                if (Sha256.holds(hex)) {
                    found.add(new Sha256(hex));
                }
            }
            return found;
        });
    }

    /**
     * Sends a file of ours to the host.
     *
     * @throws IOException when our own copy cannot be read
     */
    public Answer<Boolean> put(Image.ImageFile file, FileStore files) throws IOException, InterruptedException {
        BlockingClientCall<PutFileRequest, PutFileResponse> call = stub(PUT_SECONDS).putFile();
        boolean whole = false;
        try (InputStream in = files.open(file.sha256())) {
            call.write(
                    PutFileRequest.newBuilder().setSha256(file.sha256().hex()).setSizeBytes(file.sizeBytes()).build());
            byte[] chunk = new byte[CHUNK_BYTES];
            boolean wanted = true;
            for (int n = in.read(chunk); n >= 0 && wanted; n = in.read(chunk)) {
                // False when the agent has answered already, as when it has the file.
                wanted = call.write(PutFileRequest.newBuilder().setData(ByteString.copyFrom(chunk, 0, n)).build());
            }
            call.halfClose();
            call.read();
            whole = true;
            return new Answer.Done<>(true);
        } catch (StatusException e) {
            whole = true;
            return Answers.of(e);
        } finally {
            if (!whole) {
                call.cancel("the file could not be sent whole", null);
            }
        }
    }

    /** No deadline. The caller reads until the end or cancels. */
    public BlockingClientCall<AttachConsoleRequest, AttachConsoleResponse> attachConsole() {
        return AgentServiceGrpc.newBlockingV2Stub(channel).attachConsole();
    }

    /** No deadline. The caller reads until the end or cancels. */
    public BlockingClientCall<?, ReadLogResponse> readLog(ReadLogRequest request) {
        return AgentServiceGrpc.newBlockingV2Stub(channel).readLog(request);
    }

    private AgentServiceGrpc.AgentServiceBlockingV2Stub stub(long seconds) {
        return AgentServiceGrpc.newBlockingV2Stub(channel).withDeadlineAfter(seconds, TimeUnit.SECONDS);
    }

    private interface Call<T> {
        T run() throws StatusException, InterruptedException;
    }

    private static <T> Answer<T> ask(Call<T> call) throws InterruptedException {
        try {
            return new Answer.Done<>(call.run());
        } catch (StatusException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException("interrupted while an agent was asked");
            }
            return Answers.of(e);
        }
    }
}
