package io.drover.agent.server;

import io.drover.agent.files.FileStore;
import io.drover.agent.observe.ObservationBoard;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import io.drover.agent.vm.HostVms;
import io.drover.proto.agent.v1.AgentServiceGrpc;
import io.drover.proto.agent.v1.AttachConsoleRequest;
import io.drover.proto.agent.v1.AttachConsoleResponse;
import io.drover.proto.agent.v1.CancelSuspendVmRequest;
import io.drover.proto.agent.v1.CancelSuspendVmResponse;
import io.drover.proto.agent.v1.ChangeDeviceRequest;
import io.drover.proto.agent.v1.ChangeDeviceResponse;
import io.drover.proto.agent.v1.FindFilesRequest;
import io.drover.proto.agent.v1.FindFilesResponse;
import io.drover.proto.agent.v1.ListVmUsageRequest;
import io.drover.proto.agent.v1.ListVmUsageResponse;
import io.drover.proto.agent.v1.ObserveRequest;
import io.drover.proto.agent.v1.ObserveResponse;
import io.drover.proto.agent.v1.PutFileRequest;
import io.drover.proto.agent.v1.PutFileResponse;
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
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code drover.agent.v1.AgentService}, between the wire and the host's VMs. Each call has a virtual thread and may
 * block.
 */
final class AgentService extends AgentServiceGrpc.AgentServiceImplBase {
    private static final Logger log = LoggerFactory.getLogger(AgentService.class);
    private static final long MAX_GRACE_SECONDS = 3600;

    private final HostVms vms;
    private final FileStore files;
    private final ObservationBoard board;

    AgentService(HostVms vms, FileStore files, ObservationBoard board) {
        this.vms = vms;
        this.files = files;
        this.board = board;
    }

    private interface Call<T> {
        T answer() throws RefusedException, InterruptedException;
    }

    private static <T> void answer(StreamObserver<T> answers, Call<T> call) {
        T message;
        try {
            message = call.answer();
        } catch (RefusedException e) {
            log.info("refused: {}: {}", e.reason(), e.getMessage());
            answers.onError(ErrorStatus.of(e));
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            answers.onError(Status.UNAVAILABLE.withDescription("the agent ends").asRuntimeException());
            return;
        }
        answers.onNext(message);
        answers.onCompleted();
    }

    @Override
    public void observe(ObserveRequest request, StreamObserver<ObserveResponse> answers) {
        new OutgoingStream<>("observe", calls(answers), wake -> new BoardSource(board.subscribe(wake))).handled();
    }

    private record BoardSource(
            ObservationBoard.Subscription subscription) implements OutgoingStream.Source<ObserveResponse> {
        @Override
        public Optional<ObserveResponse> next() {
            return subscription.next();
        }

        @Override
        public boolean isFinished() {
            return false;
        }

        @Override
        public void close() {
            subscription.close();
        }
    }

    @Override
    public void startVm(StartVmRequest request, StreamObserver<StartVmResponse> answers) {
        answer(answers, () -> StartVmResponse.newBuilder().setObservation(vms.start(request)).build());
    }

    @Override
    public void stopVm(StopVmRequest request, StreamObserver<StopVmResponse> answers) {
        answer(answers, () -> StopVmResponse.newBuilder()
                .setObservation(vms.stop(request.getUid(), request.getEpoch(), grace(request))).build());
    }

    @Override
    public void suspendVm(SuspendVmRequest request, StreamObserver<SuspendVmResponse> answers) {
        answer(answers, () -> SuspendVmResponse.newBuilder()
                .setObservation(vms.suspend(request.getUid(), request.getEpoch(), request.getOperationId())).build());
    }

    @Override
    public void cancelSuspendVm(CancelSuspendVmRequest request, StreamObserver<CancelSuspendVmResponse> answers) {
        answer(answers, () -> CancelSuspendVmResponse.newBuilder()
                .setObservation(vms.cancelSuspension(request.getUid(), request.getEpoch())).build());
    }

    @Override
    public void receiveVm(ReceiveVmRequest request, StreamObserver<ReceiveVmResponse> answers) {
        answer(answers, () -> ReceiveVmResponse.newBuilder().setObservation(vms.receive(request)).build());
    }

    @Override
    public void changeDevice(ChangeDeviceRequest request, StreamObserver<ChangeDeviceResponse> answers) {
        answer(answers, () -> ChangeDeviceResponse.newBuilder().setObservation(vms.change(request)).build());
    }

    private static Duration grace(StopVmRequest request) throws RefusedException {
        com.google.protobuf.Duration asked = request.getGrace();
        if (asked.getSeconds() < 0 || asked.getSeconds() > MAX_GRACE_SECONDS || asked.getNanos() < 0
                || asked.getNanos() >= 1_000_000_000) {
            throw new RefusedException(Reason.BAD_REQUEST, "vms/" + request.getVm(),
                    "grace : " + asked.getSeconds() + " s (expected: 0 to " + MAX_GRACE_SECONDS + " s)",
                    "correct the request");
        }
        return Duration.ofSeconds(asked.getSeconds(), asked.getNanos());
    }

    @Override
    public void removeVm(RemoveVmRequest request, StreamObserver<RemoveVmResponse> answers) {
        answer(answers, () -> {
            vms.remove(request.getUid(), request.getEpoch());
            return RemoveVmResponse.getDefaultInstance();
        });
    }

    @Override
    public void listVmUsage(ListVmUsageRequest request, StreamObserver<ListVmUsageResponse> answers) {
        answer(answers, () -> ListVmUsageResponse.newBuilder()
                .addAllUsages(request.getUidsCount() == 0 ? vms.usage() : vms.usage(request.getUidsList())).build());
    }

    @Override
    public StreamObserver<AttachConsoleRequest> attachConsole(StreamObserver<AttachConsoleResponse> answers) {
        return new ConsoleCall(vms, calls(answers));
    }

    @Override
    public void readLog(ReadLogRequest request, StreamObserver<ReadLogResponse> answers) {
        LogCall.start(vms, request, calls(answers));
    }

    @Override
    public void findFiles(FindFilesRequest request, StreamObserver<FindFilesResponse> answers) {
        answer(answers, () -> {
            Set<String> held = files.all();
            return FindFilesResponse.newBuilder()
                    .addAllSha256(request.getSha256List().stream().filter(held::contains).toList())
                    .build();
        });
    }

    @Override
    public StreamObserver<PutFileRequest> putFile(StreamObserver<PutFileResponse> answer) {
        return new PutFileCall(files, calls(answer));
    }

    /** grpc hands a server nothing else. */
    private static <T> ServerCallStreamObserver<T> calls(StreamObserver<T> answers) {
        return (ServerCallStreamObserver<T>) answers;
    }
}
