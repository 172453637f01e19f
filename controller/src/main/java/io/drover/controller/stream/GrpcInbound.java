package io.drover.controller.stream;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** The requests of a gRPC call, asked for one by one: at most one waits here. */
final class GrpcInbound<T> implements Inbound<T>, StreamObserver<T> {
    private final ServerCallStreamObserver<?> call;
    private final BlockingQueue<Arrival<T>> arrivals = new LinkedBlockingQueue<>();

    private sealed interface Arrival<T> {
        record Message<T>(T value) implements Arrival<T> {}

        record End<T>() implements Arrival<T> {}

        record Gone<T>() implements Arrival<T> {}
    }

    /** In the method that received the call. */
    GrpcInbound(ServerCallStreamObserver<?> call) {
        this.call = call;
        call.disableAutoRequest();
    }

    @Override
    public Optional<T> next() throws ClientGoneException, InterruptedException {
        call.request(1);
        return switch (arrivals.take()) {
            case Arrival.Message<T>(T value) -> Optional.of(value);
            case Arrival.End<T> end -> {
                arrivals.add(end);
                yield Optional.empty();
            }
            case Arrival.Gone<T> gone -> {
                arrivals.add(gone);
                throw new ClientGoneException();
            }
        };
    }

    @Override
    public void onNext(T message) {
        arrivals.add(new Arrival.Message<>(message));
    }

    @Override
    public void onError(Throwable failure) {
        arrivals.add(new Arrival.Gone<>());
    }

    @Override
    public void onCompleted() {
        arrivals.add(new Arrival.End<>());
    }
}
