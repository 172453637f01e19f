package io.drover.lab.tests;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import io.drover.debian.DebianPackage;
import io.drover.debian.DebianPackages;
import io.drover.debian.DemoImage;
import io.drover.debian.Sha256;
import io.drover.lab.LabHost;
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
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLException;

/**
 * A cloud of one controller on this machine and one agent in each emulated host, each a process of the distribution; with
 * mutual TLS where hosts reach each other. The hosts' agents reach each other in the hosts' network; the controller finds them
 * under the same names, on this machine's loopback.
 */
final class Cloud implements AutoCloseable {
    static final String IMAGE = "images/demo";
    /** A file in its guests: modules that a guest with a disk loads, in this order. */
    static final String DISK_DRIVERS = "etc/disk-drivers";
    /** The same for a guest with a nic. */
    static final String NIC_DRIVERS = "etc/nic-drivers";
    /** Of 2 MiB, which each host has set aside: a guest's. */
    static final int HUGE_PAGES = 128;
    private static final long GUEST_BYTES = 256L << 20;
    private static final java.time.Duration START = java.time.Duration.ofMinutes(8);

    private final Optional<ClusterKeys> keys;
    private final Process controller;
    private final String api;
    private final ManagedChannel channel;
    private final List<LabAgent> agents;

    private Cloud(List<LabHost> hosts, Optional<ClusterKeys> keys, Process controller, Properties addresses)
            throws SSLException {
        this.keys = keys;
        this.controller = controller;
        this.api = addresses.getProperty("api");
        NettyChannelBuilder builder = NettyChannelBuilder.forTarget("dns:///" + api);
        if (keys.isPresent()) {
            Path client = keys.get().client();
            builder.sslContext(GrpcSslContexts.forClient().trustManager(client.resolve("ca.pem").toFile())
                    .keyManager(client.resolve("cert.pem").toFile(), client.resolve("key.pem").toFile()).build());
        } else {
            builder.usePlaintext();
        }
        this.channel = builder.build();
        String zookeeperPort = addresses.getProperty("zookeeper").replaceAll(".*:", "");
        this.agents = hosts.stream()
                .map(host -> new LabAgent(host, zookeeperPort, keys.map(all -> all.of(host.name())))).toList();
    }

    /** Starts them, in the clear as an emulated CPU takes minutes for keys, and uploads the demo image. */
    static Cloud start(LabHost host, Path folder) throws Exception {
        return start(List.of(host), folder, Optional.empty(), initramfs -> initramfs);
    }

    /**
     * The same with several hosts, and mutual TLS.
     *
     * @param more adds to the demo image's initramfs
     */
    static Cloud start(List<LabHost> hosts, Path folder, UnaryOperator<LargerInitramfs> more) throws Exception {
        return start(hosts, folder, Optional
                .of(ClusterKeys.make(folder.resolve("keys"), hosts.stream().map(LabHost::name).toList())), more);
    }

    private static Cloud start(List<LabHost> hosts, Path folder, Optional<ClusterKeys> keys,
            UnaryOperator<LargerInitramfs> more) throws Exception {
        Distribution.vmmCache();
        Path names = Files.writeString(folder.resolve("names"),
                "127.0.0.1 localhost " + String.join(" ", hosts.stream().map(LabHost::name).toList()) + "\n");
        Path ready = folder.resolve("controller.ready");
        Path log = folder.resolve("controller.log");
        List<String> command = new ArrayList<>(List.of(Distribution.launcher().toString(), "controller", "--id",
                ClusterKeys.CONTROLLER, "--listen", "127.0.0.1:0", "--data", folder.resolve("controller").toString(),
                "--zookeeper-listen", "127.0.0.1:0", "--ready-file", ready.toString()));
        keys.ifPresent(all -> command.addAll(List.of("--tls-dir", all.controller().toString())));
        ProcessBuilder start = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        start.environment().put("DROVER_JAVA_OPTS", "-Djdk.net.hosts.file=" + names);
        Process controller = start.start();
        try {
            await(START, () -> Files.exists(ready), () -> {
                if (!controller.isAlive()) {
                    throw new IllegalStateException("the controller ended: " + contentOf(log));
                }
                return "the controller is not ready: " + contentOf(log);
            });
            Properties addresses = new Properties();
            addresses.load(new StringReader(Files.readString(ready)));
            Cloud cloud = new Cloud(hosts, keys, controller, addresses);
            try {
                cloud.addDemoImage(folder, more);
                cloud.startAgents();
            } catch (Exception e) {
                cloud.close();
                throw e;
            }
            return cloud;
        } catch (Exception e) {
            controller.destroyForcibly();
            throw e;
        }
    }

    private void addDemoImage(Path folder, UnaryOperator<LargerInitramfs> more) throws Exception {
        DemoImage image = DemoImage.build(DebianPackages.defaultCache());
        DebianPackage kernel = new DebianPackages(DebianPackages.defaultCache(), ignored -> {})
                .fetch("linux-image-cloud-amd64", path -> (path.contains("/virtio") || path.contains("failover"))
                        && path.endsWith(".ko"));
        addImage(image, more.apply(new LargerInitramfs(image)
                .modules(kernel, List.of("virtio_pci", "virtio_blk"), DISK_DRIVERS)
                .modules(kernel, List.of("virtio_pci", "virtio_net"), NIC_DRIVERS))
                .write(folder.resolve("initramfs")));
    }

    private static String contentOf(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "(" + e + ")";
        }
    }

    private void startAgents() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Boolean>> starts = new ArrayList<>();
            for (LabAgent agent : agents) {
                starts.add(() -> {
                    agent.host().refresh();
                    // An agent offers those that are there when it starts.
                    agent.run("echo " + HUGE_PAGES + " > /proc/sys/vm/nr_hugepages");
                    start(agent);
                    return true;
                });
            }
            for (Future<Boolean> started : threads.invokeAll(starts)) {
                started.get();
            }
        }
    }

    /** Starts the agent in its host and waits until it has joined and offers {@code kvm}. */
    void start(LabAgent agent) throws Exception {
        agent.start();
        await(START, () -> kvm(agent).filter(HostDriver::getUsable).isPresent(),
                () -> "host " + agent.name() + " does not offer kvm: " + kvm(agent));
    }

    /** The only agent, or the first. */
    LabAgent agent() {
        return agents.getFirst();
    }

    List<LabAgent> agents() {
        return agents;
    }

    /** That of a host, by the host's name in the API. */
    LabAgent agentOf(String host) {
        return agents.stream().filter(agent -> host.equals("hosts/" + agent.name())).findFirst().orElseThrow();
    }

    /** What a command of the command line prints, asked on this machine. */
    String drover(String... words) throws IOException, InterruptedException {
        Map<String, String> environment = new HashMap<>(Map.of("DROVER_CONTROLLER", api));
        keys.ifPresent(all -> environment.put("DROVER_TLS_DIR", all.client().toString()));
        return Distribution.run(environment, words);
    }

    /** Waits until each host says that it has a network: they look for bridges every few seconds. */
    void awaitNetwork(String network) throws TimeoutException {
        for (LabAgent agent : agents) {
            await(START, () -> readyHost(agent).filter(ready -> ready.getNetworksList().contains(network)).isPresent(),
                    () -> "host " + agent.name() + " has not the network " + network + ": " + readyHost(agent));
        }
    }

    private Optional<HostDriver> kvm(LabAgent agent) {
        return readyHost(agent).flatMap(ready -> ready.getDriversList().stream()
                .filter(driver -> driver.getName().equals("kvm")).findFirst());
    }

    private Optional<Host> readyHost(LabAgent agent) {
        try {
            Host found = HostServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS)
                    .getHost(GetHostRequest.newBuilder().setName("hosts/" + agent.name()).build());
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
            StringBuilder logs = new StringBuilder();
            for (LabAgent agent : agents) {
                logs.append(agent.log());
            }
            throw new IllegalStateException("task did not succeed: " + task + logs);
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
            for (LabAgent agent : agents) {
                agent.close();
                agent.run("echo 0 > /proc/sys/vm/nr_hugepages");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
