package io.drover.agent.testing;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import io.drover.proto.agent.v1.AgentServiceGrpc;
import io.drover.proto.agent.v1.AttachConsoleRequest;
import io.drover.proto.agent.v1.AttachConsoleResponse;
import io.drover.proto.agent.v1.CancelSuspendVmRequest;
import io.drover.proto.agent.v1.ListVmUsageRequest;
import io.drover.proto.agent.v1.ObserveRequest;
import io.drover.proto.agent.v1.ObserveResponse;
import io.drover.proto.agent.v1.PutFileRequest;
import io.drover.proto.agent.v1.PutFileResponse;
import io.drover.proto.agent.v1.ReadLogRequest;
import io.drover.proto.agent.v1.ReadLogResponse;
import io.drover.proto.agent.v1.RemoveVmRequest;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.agent.v1.StopVmRequest;
import io.drover.proto.agent.v1.SuspendVmRequest;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.agent.v1.VmUsage;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** An agent as a controller sees it. */
public final class AgentClient implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ManagedChannel channel;
    private final Map<String, VmObservation> seen = new ConcurrentHashMap<>();

    public AgentClient(String address) {
        this(address, InsecureChannelCredentials.create());
    }

    public AgentClient(String address, ChannelCredentials credentials) {
        channel = Grpc.newChannelBuilder(address, credentials).build();
    }

    public ManagedChannel channel() {
        return channel;
    }

    public AgentServiceGrpc.AgentServiceBlockingStub calls() {
        return AgentServiceGrpc.newBlockingStub(channel).withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** Puts a file and returns its SHA-256. */
    public String put(byte[] content) throws Exception {
        String sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        put(sha256, content.length, content);
        return sha256;
    }

    /** Sends {@code content} under a name and a size that need not be true. */
    public void put(String sha256, long size, byte[] content) throws Exception {
        CompletableFuture<PutFileResponse> answer = new CompletableFuture<>();
        StreamObserver<PutFileRequest> requests = AgentServiceGrpc.newStub(channel).putFile(completing(answer));
        int piece = 1 << 18;
        int sent = 0;
        do {
            int length = Math.min(piece, content.length - sent);
            PutFileRequest.Builder request = PutFileRequest.newBuilder()
                    .setData(ByteString.copyFrom(content, sent, length));
            requests.onNext(sent == 0 ? request.setSha256(sha256).setSizeBytes(size).build() : request.build());
            sent += length;
        } while (sent < content.length);
        requests.onCompleted();
        get(answer);
    }

    public VmObservation start(StartVmRequest request) {
        return calls().startVm(request).getObservation();
    }

    public VmObservation stop(StartVmRequest vm, Duration grace) {
        return calls().stopVm(StopVmRequest.newBuilder().setVm(vm.getVm()).setUid(vm.getUid()).setEpoch(vm.getEpoch())
                .setGrace(com.google.protobuf.Duration.newBuilder().setSeconds(grace.toSeconds())).build())
                .getObservation();
    }

    public VmObservation cancelSuspension(StartVmRequest vm) {
        return calls().cancelSuspendVm(CancelSuspendVmRequest.newBuilder().setVm(vm.getVm()).setUid(vm.getUid())
                .setEpoch(vm.getEpoch()).build()).getObservation();
    }

    public VmObservation suspend(StartVmRequest vm, String operation) {
        return calls().suspendVm(SuspendVmRequest.newBuilder().setVm(vm.getVm()).setUid(vm.getUid())
                .setEpoch(vm.getEpoch()).setOperationId(operation).build()).getObservation();
    }

    public List<VmUsage> usage(String... uids) {
        return calls().listVmUsage(ListVmUsageRequest.newBuilder().addAllUids(List.of(uids)).build()).getUsagesList();
    }

    public void remove(StartVmRequest vm) {
        var _ = calls().removeVm(
                RemoveVmRequest.newBuilder().setVm(vm.getVm()).setUid(vm.getUid()).setEpoch(vm.getEpoch()).build());
    }

    /** Follows what the host tells, by a stream of its own, until a VM is as wanted. */
    public VmObservation awaitVm(String uid, Predicate<VmObservation> wanted) {
        Iterator<ObserveResponse> messages = calls().observe(ObserveRequest.getDefaultInstance());
        while (true) {
            for (VmObservation vm : messages.next().getVmsList()) {
                seen.put(vm.getUid(), vm);
                if (vm.getUid().equals(uid) && wanted.test(vm)) {
                    return vm;
                }
            }
        }
    }

    public VmObservation awaitEnd(String uid) {
        return awaitVm(uid, vm -> vm.getState() == VmObservation.State.ENDED);
    }

    /** All that a host has, as a new stream begins. */
    public ObserveResponse everything() {
        return calls().observe(ObserveRequest.getDefaultInstance()).next();
    }

    public String log(String uid, ReadLogRequest.Log log, boolean follow) {
        StringBuilder text = new StringBuilder();
        Iterator<ReadLogResponse> pieces = calls()
                .readLog(ReadLogRequest.newBuilder().setUid(uid).setLog(log).setFollow(follow).build());
        pieces.forEachRemaining(piece -> text.append(piece.getData().toString(StandardCharsets.ISO_8859_1)));
        return text.toString();
    }

    /** A console session over the wire. */
    public RemoteConsole console(String uid) {
        return new RemoteConsole(uid);
    }

    /** What a session sees, and its keyboard. */
    public final class RemoteConsole implements AutoCloseable, StreamObserver<AttachConsoleResponse> {
        private final ByteArrayOutputStream output = new ByteArrayOutputStream();
        private final CompletableFuture<Void> end = new CompletableFuture<>();
        private final StreamObserver<AttachConsoleRequest> requests;

        private RemoteConsole(String uid) {
            requests = AgentServiceGrpc.newStub(channel).attachConsole(this);
            requests.onNext(AttachConsoleRequest.newBuilder().setUid(uid).build());
        }

        @Override
        public synchronized void onNext(AttachConsoleResponse response) {
            output.writeBytes(response.getOutput().toByteArray());
            notifyAll();
        }

        @Override
        public synchronized void onError(Throwable e) {
            end.completeExceptionally(e);
            notifyAll();
        }

        @Override
        public synchronized void onCompleted() {
            end.complete(null);
            notifyAll();
        }

        public CompletableFuture<Void> end() {
            return end;
        }

        public void type(String text) {
            requests.onNext(AttachConsoleRequest.newBuilder()
                    .setInput(ByteString.copyFrom(text, StandardCharsets.ISO_8859_1)).build());
        }

        public synchronized String text() {
            return output.toString(StandardCharsets.ISO_8859_1);
        }

        /** Waits until {@code text} was seen. */
        public synchronized String await(String text) throws InterruptedException {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!text().contains(text)) {
                long left = deadline - System.nanoTime();
                if (left <= 0 || end.isDone()) {
                    throw new AssertionError("not seen : " + text + "; seen: " + text() + "; end: " + end);
                }
                wait(Math.max(1, left / 1_000_000));
            }
            return text();
        }

        @Override
        public void close() {
            ((ClientCallStreamObserver<AttachConsoleRequest>) requests).cancel("the session closes", null);
        }
    }

    /** What an error says to programs. */
    public static ErrorInfo info(StatusRuntimeException e) throws Exception {
        return StatusProto.fromThrowable(e).getDetails(0).unpack(ErrorInfo.class);
    }

    private static <T> StreamObserver<T> completing(CompletableFuture<T> answer) {
        return new StreamObserver<>() {
            @Override
            public void onNext(T value) {
                answer.complete(value);
            }

            @Override
            public void onError(Throwable e) {
                answer.completeExceptionally(e);
            }

            @Override
            public void onCompleted() {
                answer.completeExceptionally(new IllegalStateException("completed without an answer"));
            }
        };
    }

    private static <T> T get(CompletableFuture<T> answer) throws Exception {
        try {
            return answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof StatusRuntimeException status) {
                throw status;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
