package io.drover.agent.server;

import com.google.protobuf.UnsafeByteOperations;
import io.drover.agent.folder.LogReader;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import io.drover.agent.vm.HostVms;
import io.drover.proto.agent.v1.ReadLogRequest;
import io.drover.proto.agent.v1.ReadLogResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One reading of a log, on a thread of its own. */
final class LogCall {
    private static final Logger log = LoggerFactory.getLogger(LogCall.class);
    private static final int CHUNK_BYTES = 64 * 1024;
    /** How often a followed log is looked at: the writer is another process, and tells nobody. */
    private static final long LOOK_MILLIS = 100;

    private final HostVms vms;
    private final ReadLogRequest request;
    private final ServerCallStreamObserver<ReadLogResponse> answers;
    private final Semaphore wake = new Semaphore(0);

    private LogCall(HostVms vms, ReadLogRequest request, ServerCallStreamObserver<ReadLogResponse> answers) {
        this.vms = vms;
        this.request = request;
        this.answers = answers;
    }

    /** Begins to answer. */
    static void start(HostVms vms, ReadLogRequest request, ServerCallStreamObserver<ReadLogResponse> answers) {
        LogCall call = new LogCall(vms, request, answers);
        answers.setOnReadyHandler(call.wake::release);
        answers.setOnCancelHandler(call.wake::release);
        Thread.ofVirtual().name("log " + request.getUid()).start(call::run);
    }

    private void run() {
        try {
            VmFolder folder = vms.folder(request.getUid());
            if (request.getTailBytes() < 0) {
                throw new RefusedException(Reason.BAD_REQUEST, "vms/uid/" + request.getUid(),
                        "tail_bytes : " + request.getTailBytes() + " (expected: 0 or more)", "correct the request");
            }
            send(request.getLog() == ReadLogRequest.Log.VMM ? folder.vmmLog() : folder.consoleLog());
        } catch (RefusedException e) {
            answers.onError(ErrorStatus.of(e));
        } catch (IOException e) {
            log.warn("VM uid {}: its log cannot be read", request.getUid(), e);
            answers.onError(
                    Status.INTERNAL.withDescription("the log cannot be read: " + e.getMessage()).asRuntimeException());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            answers.onError(Status.UNAVAILABLE.withDescription("the agent ends").asRuntimeException());
        } catch (StatusRuntimeException e) {
            log.debug("the reader of a log went away", e);
        }
    }

    private void send(Path file) throws IOException, InterruptedException {
        try (LogReader reader = new LogReader(file, request.getTailBytes())) {
            while (!answers.isCancelled()) {
                if (!answers.isReady()) {
                    wake.acquire();
                    continue;
                }
                boolean mayGrow = request.getFollow() && vms.isRunning(request.getUid());
                byte[] next = reader.read(CHUNK_BYTES);
                if (next.length > 0) {
                    answers.onNext(ReadLogResponse.newBuilder().setData(UnsafeByteOperations.unsafeWrap(next)).build());
                } else if (mayGrow) {
                    wake.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS);
                } else {
                    answers.onCompleted();
                    return;
                }
            }
        }
    }
}
