package io.drover.controller.fake;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import io.drover.controller.record.Sha256;
import io.drover.proto.agent.v1.AgentServiceGrpc;
import io.drover.proto.agent.v1.AttachConsoleRequest;
import io.drover.proto.agent.v1.AttachConsoleResponse;
import io.drover.proto.agent.v1.CancelSuspendVmRequest;
import io.drover.proto.agent.v1.CancelSuspendVmResponse;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.ChangeDeviceResponse;
import io.drover.proto.agent.v1.Exit;
import io.drover.proto.agent.v1.FindFilesRequest;
import io.drover.proto.agent.v1.FindFilesResponse;
import io.drover.proto.agent.v1.ListVmUsageRequest;
import io.drover.proto.agent.v1.ListVmUsageResponse;
import io.drover.proto.agent.v1.ObserveRequest;
import io.drover.proto.agent.v1.ObserveResponse;
import io.drover.proto.agent.v1.PutFileRequest;
import io.drover.proto.agent.v1.PutFileResponse;
import io.drover.proto.agent.v1.MigrationObservation;
import io.drover.proto.agent.v1.ReadLogRequest;
import io.drover.proto.agent.v1.ReadLogResponse;
import io.drover.proto.agent.v1.ReceiveVmRequest;
import io.drover.proto.agent.v1.ReceiveVmResponse;
import io.drover.proto.agent.v1.RemoveVmRequest;
import io.drover.proto.agent.v1.RemoveVmResponse;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.StartVmResponse;
import io.drover.proto.agent.v1.StopVmRequest;
import io.drover.proto.agent.v1.StopVmResponse;
import io.drover.proto.agent.v1.SuspendVmRequest;
import io.drover.proto.agent.v1.SuspendVmResponse;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.agent.v1.VmUsage;
import io.drover.proto.state.v1.CpuidLeaf;
import io.drover.proto.state.v1.HostRecord;
import io.drover.proto.state.v1.HostSession;
import io.drover.proto.state.v1.VmRecord;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;

/**
 * An agent that runs nothing but behaves like one: its records and session in ZooKeeper, drover.agent.v1 on loopback, and the
 * check of the record before a start. Tests tell it to refuse, to hang, to die and what its guests do.
 */
public final class FakeAgent extends AgentServiceGrpc.AgentServiceImplBase implements AutoCloseable {
    private static final int SESSION_MILLIS = 6_000;

    private final String host;
    private final String connect;
    private final int vcpus;
    private final long memoryBytes;
    private final boolean checksRecord;
    private final Map<String, VmObservation> runs = new LinkedHashMap<>();
    private final Set<String> files = new LinkedHashSet<>();
    private final List<StreamObserver<ObserveResponse>> watchers = new ArrayList<>();
    private final Map<String, List<ServerCallStreamObserver<AttachConsoleResponse>>> consoles = new ConcurrentHashMap<>();
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private volatile BiFunction<ChangeDeviceRequest, VmObservation.Builder, VmObservation.Builder> onChange = (request,
            run) -> run;
    private volatile Function<StartVmRequest, Optional<StatusRuntimeException>> onStart = request -> Optional.empty();
    private volatile boolean startsHang;
    private volatile Optional<Exit> startsEnd = Optional.empty();
    private volatile boolean stopsAreSlow;
    private volatile List<String> networks = List.of();
    private volatile Optional<HostRecord.Lease> lease = Optional.empty();
    private volatile Optional<HostRecord.Migrations> migrations = Optional.empty();
    private volatile Function<ReceiveVmRequest, Optional<StatusRuntimeException>> onReceive = request -> Optional
            .empty();
    private CuratorFramework client;
    private Server server;

    /** A host that does not live yet. */
    public FakeAgent(String host, String connect, int vcpus, long memoryBytes) {
        this(host, connect, vcpus, memoryBytes, true);
    }

    /** Without the check of the record it answers at once: for benchmarks. */
    public FakeAgent(String host, String connect, int vcpus, long memoryBytes, boolean checksRecord) {
        this.host = host;
        this.connect = connect;
        this.vcpus = vcpus;
        this.memoryBytes = memoryBytes;
        this.checksRecord = checksRecord;
    }

    /** Joins: what ran before is adopted. */
    public FakeAgent start() {
        try {
            server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .addService(this)
                    .permitKeepAliveTime(5, TimeUnit.SECONDS).permitKeepAliveWithoutCalls(true).build().start();
            client = CuratorFrameworkFactory.builder().connectString(connect).sessionTimeoutMs(SESSION_MILLIS)
                    .connectionTimeoutMs(3_000).retryPolicy(new RetryNTimes(60, 500)).build();
            client.start();
            client.blockUntilConnected(30, TimeUnit.SECONDS);
            record();
            session();
            return this;
        } catch (Exception e) {
            throw new IllegalStateException("fake agent " + host, e);
        }
    }

    /** The session of its former process may live on for a while, as ZooKeeper was away when that ended. */
    private void session() throws Exception {
        HostSession session = HostSession.newBuilder().setFormat(1).setAddress("127.0.0.1:" + server.getPort())
                .setIncarnation(UUID.randomUUID().toString()).setVersion("fake").build();
        String path = "/drover/live/" + host;
        while (true) {
            try {
                client.create().creatingParentsIfNeeded().withMode(CreateMode.EPHEMERAL).forPath(path,
                        session.toByteArray());
                return;
            } catch (KeeperException.NodeExistsException e) {
                client.delete().quietly().forPath(path);
            }
        }
    }

    private void record() throws Exception {
        HostRecord record = HostRecord.newBuilder().setFormat(1).setArchitecture("x86_64").setCpuModel("fake")
                .setCpus(vcpus)
                .setMemoryBytes(memoryBytes).setAllocatableVcpus(vcpus).setAllocatableMemoryBytes(memoryBytes)
                .addDrivers(HostRecord.Driver.newBuilder().setName("qemu").setUsable(true).setMessage("fake"))
                .addDrivers(HostRecord.Driver.newBuilder().setName("kvm").setUsable(lease.isPresent())
                        .setMessage("no /dev/kvm").setSaves(lease.isPresent()))
                .addAllNetworks(networks).build();
        if (migrations.isPresent()) {
            record = record.toBuilder().setMigrations(migrations.get()).build();
        }
        if (lease.isPresent()) {
            record = record.toBuilder().setLease(lease.get()).build();
        }
        try {
            client.create().creatingParentsIfNeeded().forPath("/drover/hosts/" + host, record.toByteArray());
        } catch (KeeperException.NodeExistsException e) {
            HostRecord before = HostRecord.parseFrom(client.getData().forPath("/drover/hosts/" + host));
            if (before.getFenced()) {
                throw new IllegalStateException("host " + host + " is being deleted: wait for that");
            }
            client.setData().forPath("/drover/hosts/" + host,
                    record.toBuilder().setCordoned(before.getCordoned()).build().toByteArray());
        }
    }

    /** From now on its KVM is usable, and shows guests this CPU. */
    public void showsCpu(List<CpuidLeaf> cpu) {
        String path = "/drover/hosts/" + host;
        try {
            HostRecord record = HostRecord.parseFrom(client.getData().forPath(path));
            client.setData().forPath(path, record.toBuilder().clearDrivers().addAllCpu(cpu)
                    .addDrivers(HostRecord.Driver.newBuilder().setName("kvm").setUsable(true).setMessage("fake"))
                    .addDrivers(HostRecord.Driver.newBuilder().setName("qemu").setUsable(true).setMessage("fake"))
                    .build().toByteArray());
        } catch (Exception e) {
            throw new IllegalStateException("fake agent " + host, e);
        }
    }

    /** Its process ends: the session goes at once, the guests run on. */
    public void die() {
        synchronized (this) {
            watchers.clear();
        }
        server.shutdownNow();
        client.close();
    }

    /** Its session lives, but it answers nobody any more. */
    public void goSilent() {
        synchronized (this) {
            watchers.clear();
        }
        server.shutdownNow();
    }

    /** From now on its KVM is usable, and it gives leases; before it is started, or again after that. */
    public FakeAgent givesLeases(Duration length, Duration takeoverWait) {
        lease = Optional.of(HostRecord.Lease.newBuilder().setLeaseMillis(length.toMillis())
                .setTakeoverWaitMillis(takeoverWait.toMillis()).build());
        return this;
    }

    /** It takes part in migrations, of VMs of both drivers; before it is started. */
    public FakeAgent migrates(boolean mirrorsDisks) {
        migrations = Optional.of(HostRecord.Migrations.newBuilder().setProtocol(1).setMirrorsDisks(mirrorsDisks)
                .addDrivers("kvm").addDrivers("qemu").build());
        return this;
    }

    /** Decides about migrations to it: a status refuses. */
    public void onReceive(Function<ReceiveVmRequest, Optional<StatusRuntimeException>> decision) {
        onReceive = decision;
    }

    @Override
    public void receiveVm(ReceiveVmRequest request, StreamObserver<ReceiveVmResponse> response) {
        StartVmRequest start = request.getStart();
        calls.add("receive " + start.getVm() + " " + start.getEpoch() + " " + request.getMigration());
        Optional<StatusRuntimeException> refusal = onReceive.apply(request);
        if (refusal.isPresent()) {
            response.onError(refusal.get());
            return;
        }
        synchronized (this) {
            if (!files.contains(start.getKernelSha256())) {
                response.onError(refusal(Code.FAILED_PRECONDITION, "FILE_MISSING", "no kernel"));
                return;
            }
            put(VmObservation.newBuilder().setVm(start.getVm()).setUid(start.getUid()).setEpoch(start.getEpoch())
                    .setState(VmObservation.State.STARTING).setDriver(start.getDriver())
                    .setMigration(MigrationObservation.newBuilder().setId(request.getMigration())
                            .setSide(MigrationObservation.Side.DESTINATION)
                            .setPhase(MigrationObservation.Phase.PREPARING))
                    .build());
            response.onNext(ReceiveVmResponse.newBuilder().setObservation(runs.get(start.getUid())).build());
            response.onCompleted();
        }
    }

    /** It tells this of a migration, with the rest of what it tells of the VM as it is. */
    public synchronized void tellsOfMigration(String vm, MigrationObservation seen) {
        VmObservation run = runs(vm).getFirst();
        put(run.toBuilder().setMigration(seen).build());
    }

    /** The guest goes on here under a new epoch. */
    public synchronized void goesOn(String vm, long epoch, MigrationObservation seen) {
        VmObservation run = runs(vm).getFirst();
        put(run.toBuilder().setEpoch(epoch).setState(VmObservation.State.RUNNING).setMigration(seen).build());
    }

    /** The machine of the other host is gone, and that is told. */
    public synchronized void letsGo(String vm, MigrationObservation seen) {
        VmObservation run = runs(vm).getFirst();
        end(run.toBuilder().setMigration(seen).build(), Exit.Cause.STOPPED, "went elsewhere");
    }

    /** Writes the VM's record, as the agents of a migration do. */
    public VmRecord writes(String vm, UnaryOperator<VmRecord> change) {
        String path = path(vm);
        try {
            while (true) {
                Stat stat = new Stat();
                VmRecord next = change.apply(VmRecord.parseFrom(client.getData().storingStatIn(stat).forPath(path)));
                try {
                    client.setData().withVersion(stat.getVersion()).forPath(path, next.toByteArray());
                    return next;
                } catch (KeeperException.BadVersionException e) {
                    // Somebody else was faster: once more, on what is there now.
                }
            }
        } catch (Exception e) {
            throw new IllegalStateException("fake agent " + host, e);
        }
    }

    private static String path(String vm) {
        int shard = Integer.parseInt(Sha256.of(vm.getBytes(StandardCharsets.UTF_8)).hex(), 0, 2, 16) % 64;
        return String.format("/drover/vms/%02x/%s", shard, vm);
    }

    /** The networks that it has from now on. */
    public void networks(String... names) {
        networks = List.of(names);
        try {
            record();
        } catch (Exception e) {
            throw new IllegalStateException("fake agent " + host, e);
        }
    }

    /** Decides about starts: a status refuses. */
    public void onStart(Function<StartVmRequest, Optional<StatusRuntimeException>> decision) {
        onStart = decision;
    }

    /** Starts are tried and come to this end. */
    public void startsEnd(Exit.Cause cause, String message) {
        startsEnd = Optional.of(Exit.newBuilder().setCause(cause).setMessage(message).build());
    }

    /** Starts run the guest but are never answered. */
    public void startsHang(boolean hang) {
        startsHang = hang;
    }

    /** Stops are begun; {@link #end} finishes them. */
    public void stopsAreSlow(boolean slow) {
        stopsAreSlow = slow;
    }

    /** What it was asked, such as {@code start vm-1 2}. */
    public List<String> calls() {
        return List.copyOf(calls);
    }

    /** What it knows of VMs of this name. */
    public synchronized List<VmObservation> runs(String vm) {
        return runs.values().stream().filter(run -> run.getVm().equals(vm)).toList();
    }

    /** Everything that runs here now, as {@code uid epoch}. */
    public synchronized List<String> running() {
        return runs.values().stream().filter(run -> run.getState() != VmObservation.State.ENDED)
                .map(run -> run.getUid() + " " + run.getEpoch()).toList();
    }

    /** A guest's run ends. */
    public synchronized void end(String vm, Exit.Cause cause, String message) {
        runs(vm).forEach(run -> end(run, cause, message));
    }

    private void end(VmObservation run, Exit.Cause cause, String message) {
        if (run.getState() == VmObservation.State.ENDED) {
            return;
        }
        put(run.toBuilder().setState(VmObservation.State.ENDED)
                .setExit(Exit.newBuilder().setCause(cause).setMessage(message)).build());
        List<ServerCallStreamObserver<AttachConsoleResponse>> open = consoles.remove(run.getUid());
        if (open != null) {
            open.stream().filter(console -> !console.isCancelled()).forEach(StreamObserver::onCompleted);
        }
    }

    /** It has something in its folder that nobody told it to run. */
    public synchronized void plant(VmObservation run) {
        put(run);
    }

    /** How many console sessions of a VM are open here. */
    public int sessions(String vm) {
        return runs(vm).stream().mapToInt(run -> consoles.getOrDefault(run.getUid(), List.of()).size()).sum();
    }

    /** The guest prints. */
    public void print(String vm, String text) {
        runs(vm).forEach(run -> consoles.getOrDefault(run.getUid(), List.of()).forEach(console -> console
                .onNext(AttachConsoleResponse.newBuilder().setOutput(ByteString.copyFromUtf8(text)).build())));
    }

    /**
     * The guest prints without an end, as fast as it is listened to.
     *
     * @return how many pieces of so many bytes the session has taken, each beginning with its number, before the listener had
     *     no room for {@code patience}
     */
    public int flood(String vm, int pieceBytes, Duration patience) throws InterruptedException {
        ServerCallStreamObserver<AttachConsoleResponse> console = consoles.get(runs(vm).getFirst().getUid()).getFirst();
        int pieces = 0;
        long heard = System.nanoTime();
        while (System.nanoTime() - heard < patience.toNanos()) {
            if (console.isReady()) {
                byte[] piece = Arrays.copyOf((pieces++ + " ").getBytes(StandardCharsets.US_ASCII), pieceBytes);
                console.onNext(AttachConsoleResponse.newBuilder().setOutput(ByteString.copyFrom(piece)).build());
                heard = System.nanoTime();
            } else {
                Thread.sleep(1);
            }
        }
        return pieces;
    }

    private void put(VmObservation run) {
        runs.put(run.getUid(), run);
        tell(ObserveResponse.newBuilder().addVms(run).build());
    }

    private void tell(ObserveResponse news) {
        watchers.forEach(watcher -> watcher.onNext(news));
    }

    @Override
    public synchronized void observe(ObserveRequest request, StreamObserver<ObserveResponse> response) {
        response.onNext(
                ObserveResponse.newBuilder().setComplete(true).addAllVms(runs.values()).addAllSha256(files).build());
        watchers.add(response);
        ((ServerCallStreamObserver<ObserveResponse>) response).setOnCancelHandler(() -> {
            synchronized (this) {
                watchers.remove(response);
            }
        });
    }

    @Override
    public void startVm(StartVmRequest request, StreamObserver<StartVmResponse> response) {
        calls.add("start " + request.getVm() + " " + request.getEpoch()
                + (request.getSavedEpoch() == 0 ? "" : " saved " + request.getSavedEpoch()));
        Optional<StatusRuntimeException> refusal = onStart.apply(request).or(() -> notOwner(request));
        if (refusal.isPresent()) {
            response.onError(refusal.get());
            return;
        }
        synchronized (this) {
            if (!files.contains(request.getKernelSha256())) {
                response.onError(refusal(Code.FAILED_PRECONDITION, "FILE_MISSING", "no kernel"));
                return;
            }
            VmObservation known = runs.get(request.getUid());
            if (request.getSavedEpoch() != 0
                    && (known == null || known.getSavedEpoch() != request.getSavedEpoch())) {
                response.onError(
                        refusal(Code.FAILED_PRECONDITION, "SAVED_STATE_MISSING", "what was saved is not there"));
                return;
            }
            if (known == null || known.getEpoch() < request.getEpoch()) {
                put(VmObservation.newBuilder().setVm(request.getVm()).setUid(request.getUid())
                        .setEpoch(request.getEpoch())
                        .setState(startsEnd.isPresent() ? VmObservation.State.ENDED : VmObservation.State.RUNNING)
                        .setExit(startsEnd.orElse(Exit.getDefaultInstance())).setDriver(request.getDriver())
                        .setDeviceGeneration(request.getDeviceGeneration())
                        .setKeepsDisks(request.getDisksCount() > 0 && startsEnd.isEmpty()).build());
            }
            if (!startsHang) {
                response.onNext(StartVmResponse.newBuilder().setObservation(runs.get(request.getUid())).build());
                response.onCompleted();
            }
        }
    }

    private Optional<StatusRuntimeException> notOwner(StartVmRequest request) {
        if (!checksRecord) {
            return Optional.empty();
        }
        try {
            client.sync().forPath("/drover");
            VmRecord record = VmRecord.parseFrom(
                    client.getData().forPath(path(request.getVm())));
            boolean owner = record.getUid().equals(request.getUid()) && record.getOwner().getHost().equals(host)
                    && record.getOwner().getEpoch() == request.getEpoch();
            return owner ? Optional.empty()
                    : Optional.of(refusal(Code.FAILED_PRECONDITION, "NOT_OWNER", "the record says "
                            + record.getOwner()));
        } catch (KeeperException.NoNodeException e) {
            return Optional.of(refusal(Code.FAILED_PRECONDITION, "NOT_OWNER", "no record"));
        } catch (Exception e) {
            return Optional.of(refusal(Code.UNAVAILABLE, "STORE_UNAVAILABLE", e.toString()));
        }
    }

    /** A status as agents send it. */
    public static StatusRuntimeException refusal(Code code, String reason, String message) {
        return StatusProto.toStatusRuntimeException(com.google.rpc.Status.newBuilder().setCode(code.getNumber())
                .setMessage(message)
                .addDetails(Any.pack(ErrorInfo.newBuilder().setDomain("drover.io").setReason(reason).build())).build());
    }

    @Override
    public void stopVm(StopVmRequest request, StreamObserver<StopVmResponse> response) {
        boolean forced = request.getGrace().getSeconds() == 0 && request.getGrace().getNanos() == 0;
        calls.add((forced ? "kill " : "stop ") + request.getVm() + " " + request.getEpoch());
        synchronized (this) {
            VmObservation run = runs.get(request.getUid());
            if (run == null || run.getEpoch() != request.getEpoch()) {
                response.onError(refusal(Code.NOT_FOUND, "NOT_FOUND", "no such VM"));
                return;
            }
            if (run.getState() != VmObservation.State.ENDED) {
                put(run.toBuilder().setState(VmObservation.State.STOPPING).build());
                if (forced || !stopsAreSlow) {
                    end(run, forced ? Exit.Cause.KILLED : Exit.Cause.STOPPED,
                            forced ? "killed" : "the guest obeyed");
                }
            }
            response.onNext(StopVmResponse.newBuilder().setObservation(runs.get(request.getUid())).build());
            response.onCompleted();
        }
    }

    @Override
    public void suspendVm(SuspendVmRequest request, StreamObserver<SuspendVmResponse> response) {
        calls.add("suspend " + request.getVm() + " " + request.getEpoch());
        synchronized (this) {
            VmObservation run = runs.get(request.getUid());
            if (run == null || run.getEpoch() != request.getEpoch()) {
                response.onError(refusal(Code.NOT_FOUND, "NOT_FOUND", "no such VM"));
                return;
            }
            if (!run.getSuspension().getOperationId().equals(request.getOperationId())) {
                put(run.toBuilder().setSuspension(VmObservation.Suspension.newBuilder()
                        .setOperationId(request.getOperationId()).setMemoryBytes(64 << 20)).build());
            }
            response.onNext(SuspendVmResponse.newBuilder().setObservation(runs.get(request.getUid())).build());
            response.onCompleted();
        }
    }

    @Override
    public void cancelSuspendVm(CancelSuspendVmRequest request, StreamObserver<CancelSuspendVmResponse> response) {
        calls.add("cancel-suspend " + request.getVm() + " " + request.getEpoch());
        synchronized (this) {
            notSaved(request.getVm(), "cancelled");
            response.onNext(CancelSuspendVmResponse.newBuilder().setObservation(runs.get(request.getUid())).build());
            response.onCompleted();
        }
    }

    /** So much of the guest was looked at, to be saved. */
    public synchronized void saves(String vm, long bytes) {
        VmObservation run = runs(vm).getFirst();
        put(run.toBuilder().setSuspension(run.getSuspension().toBuilder().setLookedAtBytes(bytes)).build());
    }

    /** The guest is saved, and its process is gone. */
    public synchronized void saved(String vm) {
        VmObservation run = runs(vm).getFirst();
        end(run.toBuilder().clearSuspension().setSavedEpoch(run.getEpoch()).build(), Exit.Cause.SUSPENDED, "saved");
    }

    /** The guest was not saved, and runs on. */
    public synchronized void notSaved(String vm, String why) {
        VmObservation run = runs(vm).getFirst();
        put(run.toBuilder().setSuspension(run.getSuspension().toBuilder().setFailed(true).setMessage(why)).build());
    }

    /** What was saved is lost. */
    public synchronized void losesSaved(String vm) {
        put(runs(vm).getFirst().toBuilder().clearSavedEpoch().build());
    }

    @Override
    public void changeDevice(ChangeDeviceRequest request, StreamObserver<ChangeDeviceResponse> response) {
        calls.add("change " + request.getVm() + " " + request.getChangeCase());
        synchronized (this) {
            VmObservation run = runs.get(request.getUid());
            if (run == null || run.getEpoch() != request.getEpoch()) {
                response.onError(refusal(Code.NOT_FOUND, "NOT_FOUND", "no such VM"));
                return;
            }
            put(onChange.apply(request, run.toBuilder().setDeviceGeneration(request.getGeneration())
                    .setDeviceState(VmObservation.DeviceState.DEVICE_STATE_UNSPECIFIED)).build());
            response.onNext(ChangeDeviceResponse.newBuilder().setObservation(runs.get(request.getUid())).build());
            response.onCompleted();
        }
    }

    /** What becomes of a change of devices: it is done, unless this says otherwise. */
    public void onChange(BiFunction<ChangeDeviceRequest, VmObservation.Builder, VmObservation.Builder> answer) {
        onChange = answer;
    }

    /** The guest has got or let go of what was waited for. */
    public synchronized void deviceChanged(String vm) {
        VmObservation run = runs.values().stream().filter(each -> each.getVm().equals(vm)).findFirst().orElseThrow();
        put(run.toBuilder().setDeviceState(VmObservation.DeviceState.DEVICE_STATE_UNSPECIFIED).build());
    }

    /** Each VM has used as many seconds as its epoch says. */
    @Override
    public synchronized void listVmUsage(ListVmUsageRequest request, StreamObserver<ListVmUsageResponse> response) {
        ListVmUsageResponse.Builder answer = ListVmUsageResponse.newBuilder();
        for (String uid : request.getUidsList()) {
            VmObservation run = runs.get(uid);
            if (run != null && run.getState() == VmObservation.State.RUNNING) {
                answer.addUsages(VmUsage.newBuilder().setVm(run.getVm()).setUid(uid).setEpoch(run.getEpoch())
                        .setDriver(run.getDriver()).setRun("1-1")
                        .setCpuTime(com.google.protobuf.Duration.newBuilder().setSeconds(run.getEpoch()))
                        .addDisks(VmUsage.Disk.newBuilder().setName("root").setReads(7).setFailures(1))
                        .addNics(VmUsage.Nic.newBuilder().setName("net0").setReceivedFrames(1).setReceivedBytes(2)
                                .setReceiveDrops(3).setSentFrames(4).setSentBytes(5).setSendDrops(6))
                        .setVsock(VmUsage.Vsock.newBuilder().setOpen(1).setFromHost(2).setFromGuest(3).setRefused(4)
                                .setReceivedBytes(5).setSentBytes(6))
                        .addConsolePorts(
                                VmUsage.ConsolePort.newBuilder().setName("p").setReceivedBytes(1).setSentBytes(2))
                        .setBalloon(VmUsage.Balloon.newBuilder().setTargetBytes(1).setActualBytes(2).setReportedBytes(0)
                                .setGuestMemory(VmUsage.GuestMemory.newBuilder().setTotalBytes(1).setFreeBytes(2)
                                        .setAvailableBytes(3).setCacheBytes(4).setSwappedInBytes(5)
                                        .setSwappedOutBytes(6).setMajorFaults(7)))
                        .setWatchdog(VmUsage.Watchdog.newBuilder().setArmed(true).setExpirations(1))
                        .setRng(VmUsage.Rng.newBuilder().setBytes(9)));
            }
        }
        response.onNext(answer.build());
        response.onCompleted();
    }

    @Override
    public synchronized void removeVm(RemoveVmRequest request, StreamObserver<RemoveVmResponse> response) {
        calls.add("remove " + request.getVm() + " " + request.getEpoch());
        VmObservation run = runs.get(request.getUid());
        if (run != null && run.getState() != VmObservation.State.ENDED) {
            response.onError(refusal(Code.FAILED_PRECONDITION, "RUNNING", "it runs"));
            return;
        }
        if (runs.remove(request.getUid()) != null) {
            tell(ObserveResponse.newBuilder().addRemovedUids(request.getUid()).build());
        }
        response.onNext(RemoveVmResponse.getDefaultInstance());
        response.onCompleted();
    }

    @Override
    public StreamObserver<AttachConsoleRequest> attachConsole(StreamObserver<AttachConsoleResponse> response) {
        ServerCallStreamObserver<AttachConsoleResponse> call = (ServerCallStreamObserver<AttachConsoleResponse>) response;
        return new StreamObserver<>() {
            private String uid = "";

            @Override
            public void onNext(AttachConsoleRequest request) {
                if (uid.isEmpty()) {
                    uid = request.getUid();
                    consoles.computeIfAbsent(uid, first -> new CopyOnWriteArrayList<>()).add(call);
                    if (!request.getSkipScrollback()) {
                        call.onNext(AttachConsoleResponse.newBuilder()
                                .setOutput(ByteString.copyFromUtf8("scrollback\n")).build());
                    }
                } else {
                    call.onNext(AttachConsoleResponse.newBuilder()
                            .setOutput(ByteString.copyFromUtf8("echo " + request.getInput().toStringUtf8())).build());
                }
            }

            @Override
            public void onError(Throwable failure) {
                consoles.getOrDefault(uid, new ArrayList<>()).remove(call);
            }

            @Override
            public void onCompleted() {
                if (consoles.getOrDefault(uid, new ArrayList<>()).remove(call)) {
                    call.onCompleted();
                }
            }
        };
    }

    @Override
    public void readLog(ReadLogRequest request, StreamObserver<ReadLogResponse> response) {
        response.onNext(ReadLogResponse.newBuilder()
                .setData(ByteString.copyFromUtf8(request.getLog() + " of " + request.getUid()))
                .build());
        response.onCompleted();
    }

    @Override
    public synchronized void findFiles(FindFilesRequest request, StreamObserver<FindFilesResponse> response) {
        response.onNext(
                FindFilesResponse.newBuilder()
                        .addAllSha256(request.getSha256List().stream().filter(files::contains).toList()).build());
        response.onCompleted();
    }

    @Override
    public StreamObserver<PutFileRequest> putFile(StreamObserver<PutFileResponse> response) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        return new StreamObserver<>() {
            private String sha256 = "";

            @Override
            public void onNext(PutFileRequest request) {
                if (sha256.isEmpty()) {
                    sha256 = request.getSha256();
                }
                try {
                    request.getData().writeTo(bytes);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }

            @Override
            public void onError(Throwable failure) {
                bytes.reset();
            }

            @Override
            public void onCompleted() {
                calls.add("file " + sha256);
                if (!Sha256.of(bytes.toByteArray()).hex().equals(sha256)) {
                    response.onError(refusal(Code.DATA_LOSS, "DAMAGED", "other bytes"));
                    return;
                }
                synchronized (FakeAgent.this) {
                    files.add(sha256);
                    tell(ObserveResponse.newBuilder().addSha256(sha256).build());
                }
                response.onNext(PutFileResponse.getDefaultInstance());
                response.onCompleted();
            }
        };
    }

    @Override
    public void close() {
        die();
    }
}
