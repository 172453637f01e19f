package io.drover.controller.stream;

import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.ProblemStatus;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the methods of the API: each call on a virtual thread, which may block and is interrupted when its client goes. The one
 * place where a problem becomes the status of a call, and where a fault of ours is logged.
 */
public final class Calls implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Calls.class);

    private final ExecutorService threads = Executors
            .newThreadPerTaskExecutor(Thread.ofVirtual().name("call-", 0).factory());

    /** Answers one request. */
    public interface Unary<R> {
        R run() throws ProblemException, InterruptedException;
    }

    /** Sends any number of responses, and returns when there are no more. */
    public interface Streaming<R> {
        void run(Outbound<R> out) throws ProblemException, ClientGoneException, InterruptedException;
    }

    /** Takes requests and sends responses. */
    public interface Bidirectional<Q, R> {
        void run(Inbound<Q> in, Outbound<R> out) throws ProblemException, ClientGoneException, InterruptedException;
    }

    /** Takes requests and sends one response. */
    public interface Collecting<Q, R> {
        R run(Inbound<Q> in) throws ProblemException, ClientGoneException, InterruptedException;
    }

    public <R> void unary(StreamObserver<R> response, Unary<R> method) {
        ServerCallStreamObserver<R> call = (ServerCallStreamObserver<R>) response;
        run(call, () -> {}, () -> {
            R answer = method.run();
            if (!call.isCancelled()) {
                call.onNext(answer);
            }
        });
    }

    public <R> void streaming(StreamObserver<R> responses, Streaming<R> method) {
        ServerCallStreamObserver<R> call = (ServerCallStreamObserver<R>) responses;
        GrpcOutbound<R> out = new GrpcOutbound<>(call);
        run(call, out::changed, () -> method.run(out));
    }

    public <Q, R> StreamObserver<Q> bidirectional(StreamObserver<R> responses, Bidirectional<Q, R> method) {
        ServerCallStreamObserver<R> call = (ServerCallStreamObserver<R>) responses;
        GrpcOutbound<R> out = new GrpcOutbound<>(call);
        GrpcInbound<Q> in = new GrpcInbound<>(call);
        run(call, out::changed, () -> method.run(in, out));
        return in;
    }

    public <Q, R> StreamObserver<Q> collecting(StreamObserver<R> response, Collecting<Q, R> method) {
        ServerCallStreamObserver<R> call = (ServerCallStreamObserver<R>) response;
        GrpcInbound<Q> in = new GrpcInbound<>(call);
        run(call, () -> {}, () -> {
            R answer = method.run(in);
            if (!call.isCancelled()) {
                call.onNext(answer);
            }
        });
        return in;
    }

    private interface Body {
        void run() throws ProblemException, ClientGoneException, InterruptedException;
    }

    private void run(ServerCallStreamObserver<?> call, Runnable onCancel, Body body) {
        AtomicReference<Future<?>> thread = new AtomicReference<>();
        call.setOnCancelHandler(() -> {
            onCancel.run();
            Future<?> running = thread.get();
            if (running != null) {
                running.cancel(true);
            }
        });
        thread.set(threads.submit(() -> {
            try {
                body.run();
                if (!call.isCancelled()) {
                    call.onCompleted();
                }
            } catch (ClientGoneException e) {
                log.debug("a client went away");
            } catch (InterruptedException e) {
                end(call, stopping());
            } catch (ProblemException e) {
                end(call, status(e.problem()));
            } catch (RuntimeException e) {
                end(call, status(fault(e)));
            }
        }));
        if (call.isCancelled()) {
            thread.get().cancel(true);
        }
    }

    /** A fault of ours: logged here, told to the client by its number only. */
    public static Problem fault(Throwable failure) {
        String incident = UUID.randomUUID().toString();
        log.error("incident {}", incident, failure);
        return new Problem.Internal(incident);
    }

    public static StatusRuntimeException status(Problem problem) {
        return StatusProto.toStatusRuntimeException(ProblemStatus.of(problem));
    }

    private static StatusRuntimeException stopping() {
        return io.grpc.Status.UNAVAILABLE.withDescription("the controller stops; try again").asRuntimeException();
    }

    private static void end(ServerCallStreamObserver<?> call, StatusRuntimeException status) {
        if (!call.isCancelled()) {
            try {
                call.onError(status);
            } catch (IllegalStateException e) {
                // The call was closed meanwhile: nobody is left to tell.
                log.debug("a call had ended already: {}", e.getMessage());
            }
        }
    }

    /** Interrupts all calls. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
