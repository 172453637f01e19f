package io.drover.cli;

import com.google.protobuf.ByteString;
import io.drover.proto.v1.AttachConsoleRequest;
import io.drover.proto.v1.AttachConsoleResponse;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A guest's serial console: keeps all that it printed, echoes what is typed, and answers the word "uname". */
public final class FakeConsole {
    private final StringBuilder printed = new StringBuilder();
    private final StringBuilder typed = new StringBuilder();
    private Optional<com.google.rpc.Status> refusal = Optional.empty();
    private final List<StreamObserver<AttachConsoleResponse>> sessions = new ArrayList<>();

    /** The guest prints. */
    public synchronized void print(String text) {
        printed.append(text);
        sessions.forEach(session -> session.onNext(message(text)));
    }

    /** All that was typed. */
    public synchronized String typed() {
        return typed.toString();
    }

    /** How many look at it now. */
    public synchronized int sessionCount() {
        return sessions.size();
    }

    /** Sessions are refused from now on. */
    public synchronized void refuse(com.google.rpc.Status status) {
        refusal = Optional.of(status);
    }

    /** The guest ends. */
    public synchronized void end() {
        sessions.forEach(StreamObserver::onCompleted);
        sessions.clear();
    }

    /** The controller loses its connections. */
    public synchronized void breakConnections() {
        sessions.forEach(
                session -> session.onError(Status.UNAVAILABLE.withDescription("going away").asRuntimeException()));
        sessions.clear();
    }

    synchronized StreamObserver<AttachConsoleRequest> attach(StreamObserver<AttachConsoleResponse> session) {
        return new StreamObserver<>() {
            @Override
            public void onNext(AttachConsoleRequest request) {
                received(request, session);
            }

            @Override
            public void onError(Throwable error) {
                detach(session);
            }

            @Override
            public void onCompleted() {
                detach(session);
                session.onCompleted();
            }
        };
    }

    private synchronized void received(AttachConsoleRequest request, StreamObserver<AttachConsoleResponse> session) {
        if (refusal.isPresent()) {
            session.onError(StatusProto.toStatusRuntimeException(refusal.get()));
            return;
        }
        if (!request.getName().isEmpty()) {
            sessions.add(session);
            if (!request.getSkipScrollback() && !printed.isEmpty()) {
                session.onNext(message(printed.toString()));
            }
        }
        String input = request.getInput().toStringUtf8();
        typed.append(input);
        if (!input.isEmpty()) {
            print(input);
            if (input.contains("uname")) {
                print("Linux\r\n");
            }
        }
    }

    private synchronized void detach(StreamObserver<AttachConsoleResponse> session) {
        sessions.remove(session);
    }

    private static AttachConsoleResponse message(String text) {
        return AttachConsoleResponse.newBuilder().setOutput(ByteString.copyFrom(text, StandardCharsets.UTF_8)).build();
    }
}
