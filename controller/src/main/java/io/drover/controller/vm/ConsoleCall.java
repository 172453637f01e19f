package io.drover.controller.vm;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;
import io.drover.proto.agent.v1.AttachConsoleRequest;
import io.drover.proto.agent.v1.AttachConsoleResponse;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;

/**
 * The host's end of a console session, which changes when the VM goes to another host: one thread reads, another types. What is
 * typed while it changes goes to the next host.
 */
final class ConsoleCall {
    private final Object writing = new Object();
    @GuardedBy("writing")
    private boolean ended;
    private volatile BlockingClientCall<AttachConsoleRequest, AttachConsoleResponse> call;

    ConsoleCall(BlockingClientCall<AttachConsoleRequest, AttachConsoleResponse> call) {
        this.call = call;
    }

    void begin(String uid, boolean skipScrollback, ByteString input) throws InterruptedException {
        write(AttachConsoleRequest.newBuilder().setUid(uid).setSkipScrollback(skipScrollback).setInput(input).build());
    }

    /** Null at its end, as a call's. */
    AttachConsoleResponse read() throws InterruptedException, StatusException {
        return call.read();
    }

    void type(ByteString input) throws InterruptedException {
        write(AttachConsoleRequest.newBuilder().setInput(input).build());
    }

    private void write(AttachConsoleRequest request) throws InterruptedException {
        synchronized (writing) {
            try {
                call.write(request);
            } catch (StatusException e) {
                // The reader is told the same, and knows whether it goes on elsewhere.
                return;
            }
        }
    }

    /** The client types no more. */
    void end() {
        synchronized (writing) {
            ended = true;
            call.halfClose();
        }
    }

    boolean ended() {
        synchronized (writing) {
            return ended;
        }
    }

    /** From now on this is the host's end. */
    void goOn(BlockingClientCall<AttachConsoleRequest, AttachConsoleResponse> next, String uid)
            throws InterruptedException, StatusException {
        synchronized (writing) {
            call = next;
            next.write(AttachConsoleRequest.newBuilder().setUid(uid).setSkipScrollback(true).build());
            if (ended) {
                next.halfClose();
            }
        }
    }

    void cancel(String why) {
        call.cancel(why, null);
    }
}
