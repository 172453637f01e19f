package io.drover.cli;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import io.drover.proto.v1.CancelTaskRequest;
import io.drover.proto.v1.ConfirmHostOffRequest;
import io.drover.proto.v1.CordonHostRequest;
import io.drover.proto.v1.CreateImageRequest;
import io.drover.proto.v1.CreateVmRequest;
import io.drover.proto.v1.DeleteHostRequest;
import io.drover.proto.v1.DeleteImageRequest;
import io.drover.proto.v1.DeleteImageResponse;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.ExplainPlacementRequest;
import io.drover.proto.v1.GetHostRequest;
import io.drover.proto.v1.GetImageRequest;
import io.drover.proto.v1.GetTaskRequest;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.HostServiceGrpc;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.ImageFile;
import io.drover.proto.v1.ImageServiceGrpc;
import io.drover.proto.v1.ListHostsRequest;
import io.drover.proto.v1.ListHostsResponse;
import io.drover.proto.v1.ListImagesRequest;
import io.drover.proto.v1.ListImagesResponse;
import io.drover.proto.v1.ListTasksRequest;
import io.drover.proto.v1.ListTasksResponse;
import io.drover.proto.v1.ListVmUsageRequest;
import io.drover.proto.v1.ListVmUsageResponse;
import io.drover.proto.v1.ListVmsRequest;
import io.drover.proto.v1.ListVmsResponse;
import io.drover.proto.v1.CancelMigrationRequest;
import io.drover.proto.v1.GetMigrationRequest;
import io.drover.proto.v1.ListMigrationsRequest;
import io.drover.proto.v1.ListMigrationsResponse;
import io.drover.proto.v1.MigrateVmRequest;
import io.drover.proto.v1.Migration;
import io.drover.proto.v1.MigrationServiceGrpc;
import io.drover.proto.v1.WatchMigrationRequest;
import io.drover.proto.v1.WatchMigrationResponse;
import io.drover.proto.v1.Placement;
import io.drover.proto.v1.ReadVmLogRequest;
import io.drover.proto.v1.ReadVmLogResponse;
import io.drover.proto.v1.AttachDiskRequest;
import io.drover.proto.v1.AttachNicRequest;
import io.drover.proto.v1.DetachDiskRequest;
import io.drover.proto.v1.DetachNicRequest;
import io.drover.proto.v1.ResizeDiskRequest;
import io.drover.proto.v1.SetDiskLimitsRequest;
import io.drover.proto.v1.SetMemoryTargetRequest;
import io.drover.proto.v1.StartVmRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.SuspendVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.TaskServiceGrpc;
import io.drover.proto.v1.UncordonHostRequest;
import io.drover.proto.v1.UploadFileRequest;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmServiceGrpc;
import io.drover.proto.v1.WaitTaskRequest;
import io.drover.proto.v1.WatchVmsRequest;
import io.drover.proto.v1.WatchVmsResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * A controller that says what a test wants: real gRPC on loopback, its resources in maps. Mutations answer a task that has
 * ended, unless the test put another one in {@link #nextTask}.
 */
public final class FakeController implements AutoCloseable {
    /** When everything was created. */
    public static final Timestamp THEN = Timestamp.newBuilder().setSeconds(1_750_000_000).build();

    final NavigableMap<String, Vm> vms = new ConcurrentSkipListMap<>();
    final NavigableMap<String, Host> hosts = new ConcurrentSkipListMap<>();
    final NavigableMap<String, Image> images = new ConcurrentSkipListMap<>();
    final NavigableMap<String, Task> tasks = new ConcurrentSkipListMap<>();
    final NavigableMap<String, Migration> migrations = new ConcurrentSkipListMap<>();
    /** What a watch of a migration tells; what it told last is the migration then. */
    final List<Migration> course = new CopyOnWriteArrayList<>();
    final Map<String, byte[]> files = new ConcurrentHashMap<>();
    final List<WatchVmsResponse> watch = new CopyOnWriteArrayList<>();
    /** One for each time that it is asked. */
    final Queue<ListVmUsageResponse> usages = new ConcurrentLinkedQueue<>();
    final List<Message> requests = new CopyOnWriteArrayList<>();
    final Map<String, StatusRuntimeException> failures = new ConcurrentHashMap<>();
    volatile Optional<Task> nextTask = Optional.empty();
    volatile Optional<StatusRuntimeException> watchEnd = Optional.empty();
    volatile Placement placement = Placement.getDefaultInstance();
    volatile String log = "";

    private final FakeConsole console = new FakeConsole();
    private final Server server;
    private final int port;

    public FakeController() throws IOException {
        this(0, InsecureServerCredentials.create());
    }

    public FakeController(int port, ServerCredentials credentials) throws IOException {
        server = Grpc.newServerBuilderForPort(port, credentials).addService(new Vms()).addService(new Hosts())
                .addService(new Images()).addService(new Tasks()).addService(new Migrations()).build().start();
        this.port = server.getPort();
    }

    public int port() {
        return port;
    }

    public String address() {
        return "127.0.0.1:" + port;
    }

    public FakeConsole console() {
        return console;
    }

    /** The only request of its type. */
    <T extends Message> T request(Class<T> type) {
        List<T> found = requests.stream().filter(type::isInstance).map(type::cast).toList();
        if (found.size() != 1) {
            throw new AssertionError(type.getSimpleName() + " was sent " + found.size() + " times");
        }
        return found.get(0);
    }

    /** Makes the next calls of a method fail. */
    public void fail(String method, Code code, String reason, String message, Map<String, String> metadata) {
        failures.put(method, StatusProto.toStatusRuntimeException(status(code, reason, message, metadata)));
    }

    static Status status(Code code, String reason, String message, Map<String, String> metadata) {
        return Status.newBuilder().setCode(code.getNumber()).setMessage(message).addDetails(Any.pack(
                ErrorInfo.newBuilder().setDomain("drover.io").setReason(reason).putAllMetadata(metadata).build()))
                .build();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private <T> void answer(Message request, StreamObserver<T> observer, Supplier<T> answer) {
        requests.add(request);
        String method = request.getClass().getSimpleName().replace("Request", "");
        StatusRuntimeException failure = failures.get(method);
        if (failure != null) {
            observer.onError(failure);
            return;
        }
        T message;
        try {
            message = answer.get();
        } catch (StatusRuntimeException e) {
            observer.onError(e);
            return;
        }
        observer.onNext(message);
        observer.onCompleted();
    }

    private static <T> T find(Map<String, T> things, String name) {
        T thing = things.get(name);
        if (thing == null) {
            throw StatusProto.toStatusRuntimeException(status(Code.NOT_FOUND, "NOT_FOUND", "there is no " + name,
                    Map.of("resource", name, "next_step", "list what there is")));
        }
        return thing;
    }

    private Task task(String method, String target) {
        Task task = nextTask.orElse(Task.newBuilder().setName("tasks/t-1").setMethod(method).setTarget(target)
                .setState(Task.State.SUCCEEDED).setCreateTime(THEN).setEndTime(THEN).build());
        tasks.putIfAbsent(task.getName(), task);
        return task;
    }

    /** Two a page, so that lists are always read page by page. */
    private static <T> List<T> page(Collection<T> all, String token) {
        int from = token.isEmpty() ? 0 : Integer.parseInt(token);
        return all.stream().skip(from).limit(2).toList();
    }

    private static String next(Collection<?> all, String token) {
        int to = (token.isEmpty() ? 0 : Integer.parseInt(token)) + 2;
        return to < all.size() ? String.valueOf(to) : "";
    }

    private final class Vms extends VmServiceGrpc.VmServiceImplBase {
        @Override
        public void createVm(CreateVmRequest request, StreamObserver<Task> observer) {
            answer(request, observer,
                    () -> request.getValidateOnly() ? Task.getDefaultInstance()
                            : task("CreateVm", "vms/" + request.getVmId()));
        }

        @Override
        public void getVm(GetVmRequest request, StreamObserver<Vm> observer) {
            answer(request, observer, () -> find(vms, request.getName()));
        }

        @Override
        public void listVms(ListVmsRequest request, StreamObserver<ListVmsResponse> observer) {
            answer(request, observer,
                    () -> ListVmsResponse.newBuilder().addAllVms(page(vms.values(), request.getPageToken()))
                            .setNextPageToken(next(vms.values(), request.getPageToken())).build());
        }

        @Override
        public void listVmUsage(ListVmUsageRequest request, StreamObserver<ListVmUsageResponse> observer) {
            answer(request, observer, usages::remove);
        }

        @Override
        public void deleteVm(DeleteVmRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> {
                find(vms, request.getName());
                return task("DeleteVm", request.getName());
            });
        }

        @Override
        public void attachDisk(AttachDiskRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> task("AttachDisk", request.getName()));
        }

        @Override
        public void detachDisk(DetachDiskRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> task("DetachDisk", request.getName()));
        }

        @Override
        public void resizeDisk(ResizeDiskRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> task("ResizeDisk", request.getName()));
        }

        @Override
        public void setDiskLimits(SetDiskLimitsRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> task("SetDiskLimits", request.getName()));
        }

        @Override
        public void attachNic(AttachNicRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> task("AttachNic", request.getName()));
        }

        @Override
        public void detachNic(DetachNicRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> task("DetachNic", request.getName()));
        }

        @Override
        public void setMemoryTarget(SetMemoryTargetRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> task("SetMemoryTarget", request.getName()));
        }

        @Override
        public void startVm(StartVmRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> {
                find(vms, request.getName());
                return task("StartVm", request.getName());
            });
        }

        @Override
        public void suspendVm(SuspendVmRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> task("SuspendVm", request.getName()));
        }

        @Override
        public void stopVm(StopVmRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> task("StopVm", request.getName()));
        }

        @Override
        public void watchVms(WatchVmsRequest request, StreamObserver<WatchVmsResponse> observer) {
            requests.add(request);
            StatusRuntimeException failure = failures.remove("WatchVms");
            if (failure != null) {
                observer.onError(failure);
                return;
            }
            watch.forEach(observer::onNext);
            // Else it stays open, as a watch does.
            watchEnd.ifPresent(observer::onError);
        }

        @Override
        public StreamObserver<io.drover.proto.v1.AttachConsoleRequest> attachConsole(
                StreamObserver<io.drover.proto.v1.AttachConsoleResponse> observer) {
            return console.attach(observer);
        }

        @Override
        public void readVmLog(ReadVmLogRequest request, StreamObserver<ReadVmLogResponse> observer) {
            answer(request, observer,
                    () -> ReadVmLogResponse.newBuilder().setData(com.google.protobuf.ByteString.copyFromUtf8(log))
                            .build());
        }

        @Override
        public void explainPlacement(ExplainPlacementRequest request, StreamObserver<Placement> observer) {
            answer(request, observer, () -> placement);
        }
    }

    private final class Hosts extends HostServiceGrpc.HostServiceImplBase {
        @Override
        public void listHosts(ListHostsRequest request, StreamObserver<ListHostsResponse> observer) {
            answer(request, observer,
                    () -> ListHostsResponse.newBuilder().addAllHosts(page(hosts.values(), request.getPageToken()))
                            .setNextPageToken(next(hosts.values(), request.getPageToken())).build());
        }

        @Override
        public void getHost(GetHostRequest request, StreamObserver<Host> observer) {
            answer(request, observer, () -> find(hosts, request.getName()));
        }

        @Override
        public void cordonHost(CordonHostRequest request, StreamObserver<Host> observer) {
            answer(request, observer, () -> find(hosts, request.getName()).toBuilder().setCordoned(true).build());
        }

        @Override
        public void deleteHost(DeleteHostRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> task("DeleteHost", find(hosts, request.getName()).getName()));
        }

        @Override
        public void confirmHostOff(ConfirmHostOffRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> task("ConfirmHostOff", find(hosts, request.getName()).getName()));
        }

        @Override
        public void uncordonHost(UncordonHostRequest request, StreamObserver<Host> observer) {
            answer(request, observer, () -> find(hosts, request.getName()).toBuilder().setCordoned(false).build());
        }
    }

    private final class Images extends ImageServiceGrpc.ImageServiceImplBase {
        @Override
        public StreamObserver<UploadFileRequest> uploadFile(StreamObserver<ImageFile> observer) {
            return new StreamObserver<>() {
                private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                private ImageFile file = ImageFile.getDefaultInstance();

                @Override
                public void onNext(UploadFileRequest request) {
                    if (request.hasFile()) {
                        requests.add(request);
                        file = request.getFile();
                        if (files.containsKey(file.getSha256())) {
                            observer.onNext(file);
                            observer.onCompleted();
                        }
                    }
                    bytes.writeBytes(request.getData().toByteArray());
                }

                @Override
                public void onError(Throwable error) {
                    requests.add(UploadFileRequest.getDefaultInstance());
                }

                @Override
                public void onCompleted() {
                    if (files.putIfAbsent(file.getSha256(), bytes.toByteArray()) == null) {
                        observer.onNext(file);
                        observer.onCompleted();
                    }
                }
            };
        }

        @Override
        public void createImage(CreateImageRequest request, StreamObserver<Image> observer) {
            answer(request, observer,
                    () -> request.getImage().toBuilder().setName("images/" + request.getImageId()).setCreateTime(THEN)
                            .build());
        }

        @Override
        public void getImage(GetImageRequest request, StreamObserver<Image> observer) {
            answer(request, observer, () -> find(images, request.getName()));
        }

        @Override
        public void listImages(ListImagesRequest request, StreamObserver<ListImagesResponse> observer) {
            answer(request, observer,
                    () -> ListImagesResponse.newBuilder().addAllImages(page(images.values(), request.getPageToken()))
                            .setNextPageToken(next(images.values(), request.getPageToken())).build());
        }

        @Override
        public void deleteImage(DeleteImageRequest request, StreamObserver<DeleteImageResponse> observer) {
            answer(request, observer, () -> {
                find(images, request.getName());
                return DeleteImageResponse.getDefaultInstance();
            });
        }
    }

    private final class Tasks extends TaskServiceGrpc.TaskServiceImplBase {
        @Override
        public void getTask(GetTaskRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> find(tasks, request.getName()));
        }

        @Override
        public void listTasks(ListTasksRequest request, StreamObserver<ListTasksResponse> observer) {
            answer(request, observer,
                    () -> ListTasksResponse.newBuilder().addAllTasks(page(tasks.values(), request.getPageToken()))
                            .setNextPageToken(next(tasks.values(), request.getPageToken())).build());
        }

        @Override
        public void waitTask(WaitTaskRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> find(tasks, request.getName()));
        }

        @Override
        public void cancelTask(CancelTaskRequest request, StreamObserver<Task> observer) {
            answer(request, observer,
                    () -> find(tasks, request.getName()).toBuilder().setState(Task.State.CANCELLED).build());
        }
    }

    private final class Migrations extends MigrationServiceGrpc.MigrationServiceImplBase {
        @Override
        public void migrateVm(MigrateVmRequest request, StreamObserver<Task> observer) {
            answer(request, observer, () -> request.getValidateOnly()
                    ? Task.newBuilder().setMethod("MigrateVm").setTarget(request.getName())
                            .setProgress("would move " + request.getName() + " from hosts/h1 to hosts/h2").build()
                    : Task.newBuilder().setName("tasks/t-1").setMethod("MigrateVm").setTarget(request.getName())
                            .setState(Task.State.RUNNING).build());
        }

        @Override
        public void listMigrations(ListMigrationsRequest request, StreamObserver<ListMigrationsResponse> observer) {
            answer(request, observer,
                    () -> ListMigrationsResponse.newBuilder().addAllMigrations(migrations.values()).build());
        }

        @Override
        public void getMigration(GetMigrationRequest request, StreamObserver<Migration> observer) {
            answer(request, observer, () -> find(migrations, request.getName()));
        }

        @Override
        public void cancelMigration(CancelMigrationRequest request, StreamObserver<Migration> observer) {
            answer(request, observer,
                    () -> find(migrations, request.getName()).toBuilder().setCancelRequested(true).build());
        }

        @Override
        public void watchMigration(WatchMigrationRequest request, StreamObserver<WatchMigrationResponse> observer) {
            requests.add(request);
            course.forEach(now -> observer.onNext(WatchMigrationResponse.newBuilder().setMigration(now).build()));
            observer.onCompleted();
        }
    }
}
