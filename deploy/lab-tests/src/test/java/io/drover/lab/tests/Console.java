package io.drover.lab.tests;

import com.google.protobuf.ByteString;
import io.drover.proto.v1.AttachConsoleRequest;
import io.drover.proto.v1.AttachConsoleResponse;
import io.drover.proto.v1.VmServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A session on a VM's console by the public API. */
final class Console implements AutoCloseable, StreamObserver<AttachConsoleResponse> {
    private final StreamObserver<AttachConsoleRequest> requests;
    private final StringBuilder text = new StringBuilder();
    private String end = "";
    private int taken;

    @SuppressWarnings("this-escape") // Nothing is delivered before the first request.
    Console(VmServiceGrpc.VmServiceStub vms, String vm) {
        this.requests = vms.attachConsole(this);
        requests.onNext(AttachConsoleRequest.newBuilder().setName(vm).build());
    }

    @Override
    public void onNext(AttachConsoleResponse response) {
        synchronized (text) {
            text.append(response.getOutput().toString(StandardCharsets.ISO_8859_1));
            text.notifyAll();
        }
    }

    @Override
    public void onError(Throwable error) {
        end(error.toString());
    }

    @Override
    public void onCompleted() {
        end("the run ended");
    }

    private void end(String reason) {
        synchronized (text) {
            end = reason;
            text.notifyAll();
        }
    }

    /** What came since the last call, to the end of {@code wanted}. */
    String readTo(String wanted, Duration limit) throws InterruptedException, TimeoutException {
        long deadline = System.nanoTime() + limit.toNanos();
        synchronized (text) {
            while (true) {
                int found = text.indexOf(wanted, taken);
                if (found >= 0) {
                    String read = text.substring(taken, found + wanted.length());
                    taken = found + wanted.length();
                    return read;
                }
                long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (millis <= 0 || !end.isEmpty()) {
                    throw new TimeoutException("'" + wanted + "' did not come (" + (end.isEmpty() ? "in " + limit : end)
                            + "); the console says:\n" + text.substring(taken));
                }
                text.wait(millis);
            }
        }
    }

    void type(String input) {
        requests.onNext(AttachConsoleRequest.newBuilder().setInput(ByteString.copyFromUtf8(input)).build());
    }

    @Override
    public void close() {
        if (end.isEmpty()) {
            requests.onCompleted();
        }
    }
}
