package io.drover.agent.server;

import io.drover.agent.files.FileStore;
import io.drover.agent.files.IncomingFile;
import io.drover.agent.files.Sha256;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import io.drover.proto.agent.v1.PutFileRequest;
import io.drover.proto.agent.v1.PutFileResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One file on its way into the store. Called by grpc on one thread at a time; a message is asked for when the last is
 * on the disk.
 */
final class PutFileCall implements StreamObserver<PutFileRequest> {
    private static final Logger log = LoggerFactory.getLogger(PutFileCall.class);

    private final FileStore files;
    private final ServerCallStreamObserver<PutFileResponse> answer;
    private Optional<IncomingFile> incoming = Optional.empty();
    private boolean answered;

    PutFileCall(FileStore files, ServerCallStreamObserver<PutFileResponse> answer) {
        this.files = files;
        this.answer = answer;
        answer.disableAutoRequest();
        answer.request(1);
    }

    @Override
    public void onNext(PutFileRequest request) {
        if (answered) {
            return;
        }
        try {
            if (incoming.isEmpty()) {
                Sha256 name = name(request);
                if (files.has(name)) {
                    succeed();
                    return;
                }
                incoming = Optional.of(files.receive(name, request.getSizeBytes()));
            }
            incoming.get().write(request.getData().asReadOnlyByteBuffer());
            answer.request(1);
        } catch (RefusedException e) {
            fail(e);
        } catch (IOException e) {
            fail(new RefusedException(Reason.HOST_FAILED, "files/" + request.getSha256(),
                    "the file cannot be stored: " + e.getMessage(),
                    "see the agent's log on the host").causedBy(e));
        }
    }

    private static Sha256 name(PutFileRequest request) throws RefusedException {
        try {
            return new Sha256(request.getSha256());
        } catch (IllegalArgumentException e) {
            throw new RefusedException(Reason.BAD_REQUEST, "files/" + request.getSha256(), e.getMessage(),
                    "name the file's SHA-256 in the first message").causedBy(e);
        }
    }

    @Override
    public void onError(Throwable cancelled) {
        log.debug("a file's sender went away", cancelled);
        release();
    }

    @Override
    public void onCompleted() {
        if (answered) {
            return;
        }
        try {
            if (incoming.isEmpty()) {
                throw new RefusedException(Reason.BAD_REQUEST, "files/", "no message came",
                        "name the file's SHA-256 in the first message");
            }
            incoming.get().finish();
            succeed();
        } catch (RefusedException e) {
            fail(e);
        }
    }

    private void succeed() {
        answered = true;
        release();
        answer.onNext(PutFileResponse.getDefaultInstance());
        answer.onCompleted();
    }

    private void fail(RefusedException refusal) {
        answered = true;
        log.info("file not stored: {}", refusal.getMessage());
        release();
        answer.onError(ErrorStatus.of(refusal));
    }

    private void release() {
        try {
            if (incoming.isPresent()) {
                incoming.get().close();
            }
        } catch (IOException e) {
            log.warn("what was received of a file cannot be removed", e);
        }
    }
}
