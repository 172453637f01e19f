package io.drover.lab.tests;

import com.google.protobuf.ByteString;
import io.drover.proto.v1.AttachConsoleRequest;
import io.drover.proto.v1.AttachConsoleResponse;
import io.drover.proto.v1.VmServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/** A session on a VM's console by the public API. */
final class Console implements AutoCloseable, StreamObserver<AttachConsoleResponse> {
    private final StreamObserver<AttachConsoleRequest> requests;
    private final ConsoleText text = new ConsoleText();

    @SuppressWarnings("this-escape") // Nothing is delivered before the first request.
    Console(VmServiceGrpc.VmServiceStub vms, String vm) {
        this.requests = vms.attachConsole(this);
        requests.onNext(AttachConsoleRequest.newBuilder().setName(vm).build());
    }

    @Override
    public void onNext(AttachConsoleResponse response) {
        text.append(response.getOutput().toString(StandardCharsets.ISO_8859_1));
    }

    @Override
    public void onError(Throwable error) {
        text.end(error.toString());
    }

    @Override
    public void onCompleted() {
        text.end("the run ended");
    }

    /** What came since the last call, to the end of {@code wanted}. */
    String readTo(String wanted, Duration limit) throws InterruptedException, TimeoutException {
        return text.readTo(wanted, limit);
    }

    /** All that ever came. */
    String all() {
        return text.all();
    }

    void type(String input) {
        requests.onNext(AttachConsoleRequest.newBuilder().setInput(ByteString.copyFromUtf8(input)).build());
    }

    @Override
    public void close() {
        if (!text.hasEnded()) {
            requests.onCompleted();
        }
    }
}
