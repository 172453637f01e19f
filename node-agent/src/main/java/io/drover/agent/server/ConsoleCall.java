package io.drover.agent.server;

import io.drover.agent.console.Console;
import io.drover.agent.refusal.RefusedException;
import io.drover.agent.vm.HostVms;
import io.drover.proto.agent.v1.AttachConsoleRequest;
import io.drover.proto.agent.v1.AttachConsoleResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One session on a console. Called by grpc on one thread at a time. */
final class ConsoleCall implements StreamObserver<AttachConsoleRequest> {
    private static final Logger log = LoggerFactory.getLogger(ConsoleCall.class);
    private static final int CHUNK_BYTES = 32 * 1024;
    private static final Duration TYPE_PATIENCE = Duration.ofSeconds(10);

    private final HostVms vms;
    private final ServerCallStreamObserver<AttachConsoleResponse> answers;
    private Optional<Console> console = Optional.empty();

    ConsoleCall(HostVms vms, ServerCallStreamObserver<AttachConsoleResponse> answers) {
        this.vms = vms;
        this.answers = answers;
        answers.disableAutoRequest();
        // The handlers can only be set now, before the first request has named the VM.
        answers.setOnReadyHandler(() -> stream.ifPresent(OutgoingStream::wake));
        answers.setOnCancelHandler(() -> stream.ifPresent(OutgoingStream::wake));
        answers.request(1);
    }

    private volatile Optional<OutgoingStream<AttachConsoleResponse>> stream = Optional.empty();

    @Override
    public void onNext(AttachConsoleRequest request) {
        try {
            if (console.isEmpty()) {
                attach(request);
            }
            if (!request.getInput().isEmpty()
                    && !console.orElseThrow().type(request.getInput().toByteArray(), TYPE_PATIENCE)) {
                log.info("VM uid {}: {} typed bytes dropped, the guest does not read", request.getUid(),
                        request.getInput().size());
            }
            answers.request(1);
        } catch (RefusedException e) {
            answers.onError(ErrorStatus.of(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            answers.onError(Status.UNAVAILABLE.withDescription("the agent ends").asRuntimeException());
        }
    }

    private void attach(AttachConsoleRequest request) throws RefusedException {
        Console attached = vms.console(request.getUid());
        console = Optional.of(attached);
        OutgoingStream<AttachConsoleResponse> outgoing = new OutgoingStream<>("console " + request.getUid(), answers,
                wake -> new Source(attached.attach(request.getSkipScrollback(), wake)));
        stream = Optional.of(outgoing);
        outgoing.wake();
    }

    private record Source(Console.Session session) implements OutgoingStream.Source<AttachConsoleResponse> {
        @Override
        public Optional<AttachConsoleResponse> next() {
            return session.poll(CHUNK_BYTES)
                    .map(chunk -> AttachConsoleResponse.newBuilder().setLostBytes(chunk.lostBytes())
                            .setOutput(chunk.output()).build());
        }

        @Override
        public boolean isFinished() {
            return session.isFinished();
        }

        @Override
        public void close() {
            session.close();
        }
    }

    @Override
    public void onError(Throwable cancelled) {
        log.debug("a console session was cancelled", cancelled);
    }

    /** The session types no more; it goes on to see. */
    @Override
    public void onCompleted() {
        if (console.isEmpty()) {
            answers.onError(Status.INVALID_ARGUMENT.withDescription("the first request names the VM by uid")
                    .asRuntimeException());
        }
    }
}
