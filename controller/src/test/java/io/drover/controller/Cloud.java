package io.drover.controller;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import io.drover.controller.fake.FakeAgent;
import io.drover.controller.record.Sha256;
import io.drover.proto.v1.CreateImageRequest;
import io.drover.proto.v1.CreateVmRequest;
import io.drover.proto.v1.DiskImage;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.HaPolicy;
import io.drover.proto.v1.HostServiceGrpc;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.ImageFile;
import io.drover.proto.v1.ImageServiceGrpc;
import io.drover.proto.v1.KernelImage;
import io.drover.proto.v1.MigrationServiceGrpc;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.TaskServiceGrpc;
import io.drover.proto.v1.UploadFileRequest;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmServiceGrpc;
import io.drover.proto.v1.VmSpec;
import io.drover.proto.v1.VmState;
import io.drover.proto.v1.WaitTaskRequest;
import io.drover.scheduler.placement.Policy;
import io.grpc.ManagedChannel;
import io.grpc.StatusException;
import io.grpc.netty.NettyChannelBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A small cloud in one process: a real controller with its real ZooKeeper, fake agents, and a client over the wire. */
final class Cloud implements AutoCloseable {
    static final long MIB = 1L << 20;
    static final java.time.Duration TAKEOVER_WAIT = java.time.Duration.ofMillis(1500);
    private static final int MAX_CHUNK_BYTES = 1 << 20;
    private static final byte[] KERNEL = "not a kernel, but nobody here boots it".getBytes(StandardCharsets.UTF_8);

    private final Path data;
    private final Optional<String> zookeeper;
    private final List<FakeAgent> agents = new ArrayList<>();
    private Controller controller;
    private ManagedChannel channel;
    private int zookeeperPort;

    private Cloud(Path data, Optional<String> zookeeper) throws Exception {
        this.data = data;
        this.zookeeper = zookeeper;
        startController();
    }

    static Cloud start(Path data) throws Exception {
        return new Cloud(data, Optional.empty());
    }

    /** With a ZooKeeper that stays when the controller stops. */
    static Cloud startOn(String zookeeper, Path data) throws Exception {
        return new Cloud(data, Optional.of(zookeeper));
    }

    /** On the same data, and the same port of ZooKeeper, as before. */
    void startController() throws Exception {
        controller = Controller.start(config(data, zookeeper, zookeeperPort), () -> {});
        zookeeperPort = Integer.parseInt(zookeeper().substring(zookeeper().lastIndexOf(':') + 1));
        channel = channel(controller.apiAddress());
    }

    void stopController() {
        channel.shutdownNow();
        controller.close();
    }

    static ControllerConfig config(Path data, Optional<String> zookeeper, int zookeeperPort) {
        return new ControllerConfig(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), data, zookeeper,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), zookeeperPort), Optional.empty(),
                Optional.empty(), Optional.empty(),
                Policy.PACK);
    }

    static ManagedChannel channel(String address) {
        return NettyChannelBuilder.forTarget("dns:///" + address).usePlaintext().build();
    }

    String api() {
        return controller.apiAddress();
    }

    String zookeeper() {
        return controller.zookeeperAddress();
    }

    ManagedChannel channel() {
        return channel;
    }

    FakeAgent host(String name) {
        return host(name, 16, 8192 * MIB);
    }

    FakeAgent host(String name, int vcpus, long memoryBytes) {
        return joined(name, new FakeAgent(name, zookeeper(), vcpus, memoryBytes));
    }

    /** A host that gives leases of a second, and whose VMs are left alone for a moment more. */
    FakeAgent leasingHost(String name) {
        return leasingHost(name, TAKEOVER_WAIT);
    }

    FakeAgent leasingHost(String name, java.time.Duration takeoverWait) {
        return joined(name, new FakeAgent(name, zookeeper(), 16, 8192 * MIB)
                .givesLeases(java.time.Duration.ofSeconds(1), takeoverWait));
    }

    /** A host that takes part in migrations. */
    FakeAgent migratingHost(String name, boolean mirrorsDisks) {
        return joined(name, new FakeAgent(name, zookeeper(), 16, 8192 * MIB).migrates(mirrorsDisks));
    }

    /** One of a few CPUs. */
    FakeAgent migratingHost(String name, int vcpus) {
        return joined(name, new FakeAgent(name, zookeeper(), vcpus, 8192 * MIB).migrates(false));
    }

    /** The same, which gives leases, too. */
    FakeAgent leasingMigratingHost(String name) {
        return joined(name, new FakeAgent(name, zookeeper(), 16, 8192 * MIB).migrates(false)
                .givesLeases(java.time.Duration.ofSeconds(1), TAKEOVER_WAIT));
    }

    MigrationServiceGrpc.MigrationServiceBlockingV2Stub migrations() {
        return MigrationServiceGrpc.newBlockingV2Stub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    private FakeAgent joined(String name, FakeAgent agent) {
        agent.start();
        agents.add(agent);
        Eventually.get(
                () -> hosts().getHost(io.drover.proto.v1.GetHostRequest.newBuilder().setName("hosts/" + name).build()),
                host -> host.getState() == io.drover.proto.v1.Host.State.READY);
        return agent;
    }

    VmServiceGrpc.VmServiceBlockingV2Stub vms() {
        return VmServiceGrpc.newBlockingV2Stub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    TaskServiceGrpc.TaskServiceBlockingV2Stub tasks() {
        return TaskServiceGrpc.newBlockingV2Stub(channel).withDeadlineAfter(70, TimeUnit.SECONDS);
    }

    ImageServiceGrpc.ImageServiceBlockingV2Stub images() {
        return images(channel);
    }

    private static ImageServiceGrpc.ImageServiceBlockingV2Stub images(ManagedChannel channel) {
        return ImageServiceGrpc.newBlockingV2Stub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    HostServiceGrpc.HostServiceBlockingV2Stub hosts() {
        return HostServiceGrpc.newBlockingV2Stub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    /** A kernel image called {@code name}, of a few bytes. */
    Image image(String name) throws StatusException, InterruptedException {
        return image(channel, name);
    }

    static Image image(ManagedChannel channel, String name) throws StatusException, InterruptedException {
        ImageFile file = upload(channel, KERNEL);
        return images(channel).createImage(CreateImageRequest.newBuilder().setImageId(name)
                .setImage(Image.newBuilder().setKernelImage(
                        KernelImage.newBuilder().setKernel(file).setCommandLine("console=ttyS0")))
                .build());
    }

    /** A raw disk image. */
    Image diskImage(String name, byte[] bytes) throws StatusException, InterruptedException {
        ImageFile file = upload(bytes);
        return images().createImage(CreateImageRequest.newBuilder().setImageId(name).setImage(Image.newBuilder()
                .setDiskImage(DiskImage.newBuilder().setFile(file).setFormat(DiskImage.Format.RAW))).build());
    }

    ImageFile upload(byte[] bytes) throws StatusException, InterruptedException {
        return upload(channel, bytes);
    }

    private static ImageFile upload(ManagedChannel channel, byte[] bytes) throws StatusException, InterruptedException {
        ImageFile file = ImageFile.newBuilder().setSha256(Sha256.of(bytes).hex()).setSizeBytes(bytes.length)
                .setFileName("file")
                .build();
        var call = images(channel).uploadFile();
        call.write(UploadFileRequest.newBuilder().setFile(file).build());
        for (int sent = 0; sent < bytes.length; sent += MAX_CHUNK_BYTES) {
            int length = Math.min(MAX_CHUNK_BYTES, bytes.length - sent);
            call.write(UploadFileRequest.newBuilder().setData(ByteString.copyFrom(bytes, sent, length)).build());
        }
        call.halfClose();
        return call.read();
    }

    static VmSpec spec(int vcpus, long memoryBytes) {
        return VmSpec.newBuilder().setVcpus(vcpus).setMemoryBytes(memoryBytes).setImage("images/debian").build();
    }

    static CreateVmRequest creation(String name) {
        return creation(name, spec(1, 64 * MIB));
    }

    static CreateVmRequest creation(String name, VmSpec spec) {
        return CreateVmRequest.newBuilder().setVmId(name).setVm(Vm.newBuilder().setSpec(spec)).build();
    }

    Vm vm(String name) throws StatusException, InterruptedException {
        return vms().getVm(GetVmRequest.newBuilder().setName("vms/" + name).build());
    }

    /** Waits for a state. */
    Vm vm(String name, VmState state) {
        return Eventually.get(() -> vm(name), vm -> vm.getState() == state);
    }

    /** Waits for the end of a task. */
    Task end(Task task) throws StatusException, InterruptedException {
        return tasks().waitTask(WaitTaskRequest.newBuilder().setName(task.getName())
                .setTimeout(Duration.newBuilder().setSeconds(30)).build());
    }

    /** As {@link #running}, of a VM that is started elsewhere when its host is lost. */
    Vm runningUnderLeases(String name) throws StatusException, InterruptedException {
        Task task = end(vms().createVm(creation(name,
                spec(1, 64 * MIB).toBuilder().setHaPolicy(HaPolicy.HA_POLICY_RESTART).build())));
        if (task.getState() != Task.State.SUCCEEDED) {
            throw new AssertionError(task.toString());
        }
        return vm(name);
    }

    /** Creates a VM and waits until it runs. */
    Vm running(String name) throws StatusException, InterruptedException {
        Task task = end(vms().createVm(creation(name)));
        if (task.getState() != Task.State.SUCCEEDED) {
            throw new AssertionError(task.toString());
        }
        return vm(name);
    }

    @Override
    public void close() {
        agents.forEach(FakeAgent::close);
        stopController();
    }
}
