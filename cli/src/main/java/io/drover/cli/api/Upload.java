package io.drover.cli.api;

import com.google.protobuf.UnsafeByteOperations;
import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.proto.v1.ImageFile;
import io.drover.proto.v1.UploadFileRequest;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Sends one file to the controller, no faster than it takes it; one that is there already is only named. */
public final class Upload {
    /** Told how far an upload is. */
    public interface Progress {
        /**
         * Called after each chunk.
         *
         * @param bytes so far, hashed or sent
         */
        void at(Phase phase, long bytes, long of);
    }

    /** A file is hashed first, then sent. */
    public enum Phase {
        HASHING, SENDING
    }

    /** What became of an upload. */
    public record Outcome(ImageFile file, boolean wasThere) {}

    /** The most that one message may carry is 1 MiB. */
    private static final int CHUNK = 256 << 10;
    /** A controller that takes no byte for so long is stuck. */
    private static final long STALL_SECONDS = 60;

    private final ApiClient api;
    private final Progress progress;

    public Upload(ApiClient api, Progress progress) {
        this.api = api;
        this.progress = progress;
    }

    public Outcome send(Path path) throws Failure, InterruptedException {
        String what = "cannot upload " + path;
        try {
            ImageFile file = describe(path);
            return send(path, file, what);
        } catch (IOException e) {
            throw new Failure(ExitCode.ERROR, what, "it cannot be read: " + e.getMessage(),
                    "check the path and its permissions");
        }
    }

    private ImageFile describe(Path path) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        long size = Files.size(path);
        long done = 0;
        try (InputStream in = Files.newInputStream(path)) {
            byte[] buffer = new byte[CHUNK];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
                done += read;
                progress.at(Phase.HASHING, done, size);
            }
        }
        return ImageFile.newBuilder().setSha256(HexFormat.of().formatHex(digest.digest())).setSizeBytes(done)
                .setFileName(path.getFileName().toString()).build();
    }

    private Outcome send(Path path, ImageFile file, String what) throws Failure, IOException, InterruptedException {
        Call call = new Call();
        ClientCallStreamObserver<UploadFileRequest> requests = call.start(api);
        long sent = 0;
        requests.onNext(UploadFileRequest.newBuilder().setFile(file).build());
        try (InputStream in = Files.newInputStream(path)) {
            while (!call.answer.isDone()) {
                if (!call.awaitReady()) {
                    requests.cancel("stalled", null);
                    throw new Failure(ExitCode.TIMED_OUT, what,
                            "the controller took no byte for " + STALL_SECONDS + " s, after " + sent + " of "
                                    + file.getSizeBytes(),
                            "try again: what has arrived whole is not sent twice");
                }
                // A fresh array each time: the message keeps it until it has been written.
                byte[] chunk = in.readNBytes(CHUNK);
                if (chunk.length == 0) {
                    break;
                }
                requests.onNext(UploadFileRequest.newBuilder().setData(UnsafeByteOperations.unsafeWrap(chunk)).build());
                sent += chunk.length;
                progress.at(Phase.SENDING, sent, file.getSizeBytes());
            }
        }
        boolean early = call.answer.isDone();
        if (!early) {
            requests.onCompleted();
        }
        try {
            ImageFile stored = call.answer.get(STALL_SECONDS, TimeUnit.SECONDS);
            return new Outcome(stored, early && sent < file.getSizeBytes());
        } catch (ExecutionException e) {
            if (e.getCause() instanceof StatusRuntimeException status) {
                throw api.failure(status, what);
            }
            throw new IllegalStateException(what, e);
        } catch (java.util.concurrent.TimeoutException e) {
            requests.cancel("no answer", e);
            throw new Failure(ExitCode.TIMED_OUT, what,
                    "the controller has all of it and did not answer for " + STALL_SECONDS + " s",
                    "look at the controller's log, then try again");
        }
    }

    /** One call's answer and readiness, written by gRPC's thread. */
    private static final class Call implements ClientResponseObserver<UploadFileRequest, ImageFile> {
        private final CompletableFuture<ImageFile> answer = new CompletableFuture<>();
        private final Semaphore changes = new Semaphore(0);
        private Optional<ClientCallStreamObserver<UploadFileRequest>> requests = Optional.empty();

        ClientCallStreamObserver<UploadFileRequest> start(ApiClient api) {
            api.uploads().uploadFile(this);
            return requests.orElseThrow();
        }

        /** False when nothing moved for too long. */
        boolean awaitReady() throws InterruptedException {
            while (!requests.orElseThrow().isReady() && !answer.isDone()) {
                if (!changes.tryAcquire(STALL_SECONDS, TimeUnit.SECONDS)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<UploadFileRequest> stream) {
            requests = Optional.of(stream);
            stream.setOnReadyHandler(changes::release);
        }

        @Override
        public void onNext(ImageFile value) {
            answer.complete(value);
            changes.release();
        }

        @Override
        public void onError(Throwable error) {
            answer.completeExceptionally(error);
            changes.release();
        }

        @Override
        public void onCompleted() {
            answer.completeExceptionally(
                    io.grpc.Status.INTERNAL.withDescription("no answer to the upload").asRuntimeException());
            changes.release();
        }
    }
}
