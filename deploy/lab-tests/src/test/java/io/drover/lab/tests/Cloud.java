package io.drover.lab.tests;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import io.drover.debian.DebianPackage;
import io.drover.debian.DebianPackages;
import io.drover.debian.DemoImage;
import io.drover.debian.Sha256;
import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import io.drover.proto.v1.CreateImageRequest;
import io.drover.proto.v1.CreateVmRequest;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.GetHostRequest;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.HostDriver;
import io.drover.proto.v1.HostServiceGrpc;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.ImageFile;
import io.drover.proto.v1.ImageServiceGrpc;
import io.drover.proto.v1.KernelImage;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.TaskServiceGrpc;
import io.drover.proto.v1.UploadFileRequest;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmDisk;
import io.drover.proto.v1.VmServiceGrpc;
import io.drover.proto.v1.VmSpec;
import io.drover.proto.v1.WaitTaskRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** A cloud of one controller on this machine and one agent in the emulated host, each a process of the distribution. */
final class Cloud implements AutoCloseable {
    static final String IMAGE = "images/demo";
    /** A file in its guests: modules that a guest with a disk loads, in this order. */
    static final String DISK_DRIVERS = "etc/disk-drivers";
    /** The same for a guest with a nic. */
    static final String NIC_DRIVERS = "etc/nic-drivers";
    /** Of 2 MiB, which the host has set aside: a guest's. */
    static final int HUGE_PAGES = 128;
    private static final long GUEST_BYTES = 256L << 20;
    private static final java.time.Duration START = java.time.Duration.ofMinutes(3);
    private static final String AGENT_FOLDER = "/run/drover";

    private final LabHost host;
    private final Process controller;
    private final String zookeeperPort;
    private final ManagedChannel channel;

    private Cloud(LabHost host, Process controller, Properties addresses) {
        this.host = host;
        this.controller = controller;
        this.zookeeperPort = addresses.getProperty("zookeeper").replaceAll(".*:", "");
        this.channel = NettyChannelBuilder.forTarget("dns:///" + addresses.getProperty("api")).usePlaintext().build();
    }

    /** Starts both and uploads the demo image. */
    static Cloud start(LabHost host, Path folder) throws Exception {
        Distribution.vmmCache();
        host.refresh();
        Path ready = folder.resolve("controller.ready");
        Path log = folder.resolve("controller.log");
        Process controller = new ProcessBuilder(Distribution.launcher().toString(), "controller", "--listen",
                "127.0.0.1:0", "--data",
                folder.resolve("controller").toString(), "--zookeeper-listen", "127.0.0.1:0", "--ready-file",
                ready.toString())
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            await(START, () -> Files.exists(ready), () -> {
                if (!controller.isAlive()) {
                    throw new IllegalStateException("the controller ended: " + contentOf(log));
                }
                return "the controller is not ready: " + contentOf(log);
            });
            Properties addresses = new Properties();
            addresses.load(new StringReader(Files.readString(ready)));
            Cloud cloud = new Cloud(host, controller, addresses);
            // An agent offers those that are there when it starts.
            cloud.runInHost("echo " + HUGE_PAGES + " > /proc/sys/vm/nr_hugepages");
            cloud.startAgent();
            DemoImage image = DemoImage.build(DebianPackages.defaultCache());
            DebianPackage kernel = new DebianPackages(DebianPackages.defaultCache(), ignored -> {})
                    .fetch("linux-image-cloud-amd64", path -> (path.contains("/virtio") || path.contains("failover"))
                            && path.endsWith(".ko"));
            cloud.addImage(image, new LargerInitramfs(image)
                    .modules(kernel, List.of("virtio_pci", "virtio_blk"), DISK_DRIVERS)
                    .modules(kernel, List.of("virtio_pci", "virtio_net"), NIC_DRIVERS)
                    .write(folder.resolve("initramfs")));
            return cloud;
        } catch (Exception e) {
            controller.destroyForcibly();
            throw e;
        }
    }

    private static String contentOf(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "(" + e + ")";
        }
    }

    /** Starts the agent in the host and waits until it has joined and offers {@code kvm}. */
    void startAgent() throws Exception {
        int port = host.localPort(EmulatedHost.AGENT_PORT).orElseThrow();
        String agent = ShellScript.of(List.of("setsid", "env", "DROVER_JAVA_OPTS=-XX:TieredStopAtLevel=1",
                Distribution.launcher().toString(), "agent", "--host", host.name(), "--zookeeper",
                "10.0.2.2:" + zookeeperPort, "--data",
                AGENT_FOLDER + "/agent", "--listen", "0.0.0.0:" + EmulatedHost.AGENT_PORT, "--advertise",
                "127.0.0.1:" + port,
                "--insecure", "--ready-file", AGENT_FOLDER + "/agent.ready")).text().replaceFirst("^exec ", "").strip();
        runInHost("mkdir -p " + AGENT_FOLDER + " && rm -f " + AGENT_FOLDER + "/agent.ready && { " + agent + " >> "
                + AGENT_FOLDER
                + "/agent.log 2>&1 < /dev/null & }");
        runInHost("until [ -s " + AGENT_FOLDER + "/agent.ready ]; do sleep 0.2; done");
        await(START, () -> kvm().filter(HostDriver::getUsable).isPresent(),
                () -> "the host does not offer kvm: " + kvm());
    }

    /** Ends the agent, and nothing else, as SIGKILL does. */
    void killAgent() throws Exception {
        runInHost("kill -KILL $(sed -n 's/^pid=//p' " + AGENT_FOLDER + "/agent.ready)");
    }

    /** What a script prints there. */
    String runInHost(String script) throws IOException, InterruptedException {
        CommandResult result = host.run(START, new ShellScript(script));
        if (!result.succeeded()) {
            throw new IllegalStateException(script + " ended with " + result + agentLog());
        }
        return result.output();
    }

    /** What the agent said, for the message of a failed test. */
    String agentLog() throws IOException, InterruptedException {
        return "\nThe agent's log:\n" + host.run(START, new ShellScript("cat " + AGENT_FOLDER + "/agent.log")).output();
    }

    /** Waits until the host says that it has a network: it looks for bridges every few seconds. */
    void awaitNetwork(String network) throws TimeoutException {
        await(START, () -> readyHost().filter(ready -> ready.getNetworksList().contains(network)).isPresent(),
                () -> "the host has not the network " + network + ": " + readyHost());
    }

    private Optional<HostDriver> kvm() {
        return readyHost().flatMap(ready -> ready.getDriversList().stream()
                .filter(driver -> driver.getName().equals("kvm")).findFirst());
    }

    private Optional<Host> readyHost() {
        try {
            Host found = HostServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS)
                    .getHost(GetHostRequest.newBuilder().setName("hosts/" + host.name()).build());
            return found.getState() == Host.State.READY ? Optional.of(found) : Optional.empty();
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.NOT_FOUND
                    || e.getStatus().getCode() == Status.Code.UNAVAILABLE) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private void addImage(DemoImage image, Path initramfsFile) throws Exception {
        ImageFile kernel = upload(image.kernel(), image.kernelSha256());
        ImageFile initramfs = upload(initramfsFile, Sha256.of(initramfsFile));
        ImageServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS)
                .createImage(CreateImageRequest
                        .newBuilder().setImageId("demo").setImage(Image.newBuilder().setKernelImage(
                                KernelImage.newBuilder().setKernel(kernel).setInitramfs(initramfs)
                                        .setCommandLine(image.commandLine())))
                        .build());
    }

    private ImageFile upload(Path file, Sha256 sha256) throws Exception {
        ImageFile description = ImageFile.newBuilder().setSha256(sha256.hex()).setSizeBytes(Files.size(file))
                .setFileName(file.getFileName().toString()).build();
        CompletableFuture<ImageFile> uploaded = new CompletableFuture<>();
        StreamObserver<UploadFileRequest> requests = ImageServiceGrpc.newStub(channel)
                .uploadFile(new StreamObserver<>() {
                    @Override
                    public void onNext(ImageFile answer) {
                        uploaded.complete(answer);
                    }

                    @Override
                    public void onError(Throwable error) {
                        uploaded.completeExceptionally(error);
                    }

                    @Override
                    public void onCompleted() {
                        uploaded.completeExceptionally(new IOException("no answer to the upload"));
                    }
                });
        requests.onNext(UploadFileRequest.newBuilder().setFile(description).build());
        try (InputStream in = Files.newInputStream(file)) {
            for (byte[] part = in.readNBytes(1 << 20); part.length > 0
                    && !uploaded.isDone(); part = in.readNBytes(1 << 20)) {
                requests.onNext(UploadFileRequest.newBuilder().setData(ByteString.copyFrom(part)).build());
            }
        }
        if (!uploaded.isDone()) {
            requests.onCompleted();
        }
        return uploaded.get(60, TimeUnit.SECONDS);
    }

    VmServiceGrpc.VmServiceBlockingStub vms() {
        return VmServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    Console console(String vm) {
        return new Console(VmServiceGrpc.newStub(channel), vm);
    }

    /** Creates a VM under our VMM, with 256 MiB, and waits until it runs. */
    String createVm(String id, int vcpus, VmDisk... disks) throws Exception {
        return createVm(id, VmSpec.newBuilder().setVcpus(vcpus).addAllDisks(List.of(disks)));
    }

    /** The same, with what else is in the spec. */
    String createVm(String id, VmSpec.Builder spec) throws Exception {
        Vm vm = Vm.newBuilder().setSpec(spec.setMemoryBytes(GUEST_BYTES).setImage(IMAGE).setDriver("kvm")
                .setExtraCommandLine("hostname=" + id)).build();
        succeed(vms().createVm(CreateVmRequest.newBuilder().setVmId(id).setVm(vm).build()));
        return "vms/" + id;
    }

    void deleteVm(String vm) throws Exception {
        succeed(vms().deleteVm(DeleteVmRequest.newBuilder().setName(vm).setForce(true).build()));
    }

    /** Waits for the end of a task, which must be a good one. */
    void succeed(Task begun) throws Exception {
        Task task = begun;
        long deadline = System.nanoTime() + START.toNanos();
        while (task.getState() == Task.State.RUNNING && System.nanoTime() < deadline) {
            task = TaskServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS)
                    .waitTask(WaitTaskRequest.newBuilder()
                            .setName(task.getName()).setTimeout(Duration.newBuilder().setSeconds(20)).build());
        }
        if (task.getState() != Task.State.SUCCEEDED) {
            throw new IllegalStateException("task did not succeed: " + task + agentLog());
        }
    }

    Vm awaitVm(String name, Predicate<Vm> wanted, java.time.Duration limit) throws TimeoutException {
        await(limit, () -> wanted.test(vm(name)), () -> "the VM is not as expected: " + vm(name));
        return vm(name);
    }

    Vm vm(String name) {
        return vms().getVm(GetVmRequest.newBuilder().setName(name).build());
    }

    private static void await(java.time.Duration limit, Supplier<Boolean> condition, Supplier<String> complaint)
            throws TimeoutException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.get()) {
            String message = complaint.get();
            if (System.nanoTime() > deadline) {
                throw new TimeoutException(message);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
        }
    }

    @Override
    public void close() throws IOException {
        channel.shutdownNow();
        controller.destroy();
        try {
            if (!controller.waitFor(20, TimeUnit.SECONDS)) {
                controller.destroyForcibly();
            }
            host.run(START, new ShellScript("kill $(sed -n 's/^pid=//p' " + AGENT_FOLDER
                    + "/agent.ready); echo 0 > /proc/sys/vm/nr_hugepages"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
