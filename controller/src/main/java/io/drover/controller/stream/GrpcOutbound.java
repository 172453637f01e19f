package io.drover.controller.stream;

import io.grpc.stub.ServerCallStreamObserver;

/** The responses of a gRPC call. */
final class GrpcOutbound<T> implements Outbound<T> {
    private final ServerCallStreamObserver<T> call;
    private final Object readiness = new Object();

    /** In the method that received the call: handlers can only be set there. */
    GrpcOutbound(ServerCallStreamObserver<T> call) {
        this.call = call;
        call.setOnReadyHandler(this::changed);
    }

    void changed() {
        synchronized (readiness) {
            readiness.notifyAll();
        }
    }

    @Override
    public void send(T message) throws ClientGoneException, InterruptedException {
        synchronized (readiness) {
            while (!call.isReady() && !call.isCancelled()) {
                readiness.wait();
            }
        }
        if (call.isCancelled()) {
            throw new ClientGoneException();
        }
        call.onNext(message);
    }
}
