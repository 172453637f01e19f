package io.drover.agent.server;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a source's messages as fast as the receiver takes them, and no faster. One thread of its own does all
 * sending; whoever has news only {@linkplain #wake wakes} it.
 */
final class OutgoingStream<T> {
    private static final Logger log = LoggerFactory.getLogger(OutgoingStream.class);

    /** Where messages come from. */
    interface Source<T> {
        /** The next message, if there is one now. */
        Optional<T> next();

        /** Whether no more will ever come. */
        boolean isFinished();

        /** The stream has ended, for whatever reason. Called once. */
        void close();
    }

    private final ServerCallStreamObserver<T> receiver;
    private final ExecutorService sender;
    private final Source<T> source;
    private boolean done;

    OutgoingStream(String name, ServerCallStreamObserver<T> receiver, Function<Runnable, Source<T>> source) {
        this.receiver = receiver;
        this.sender = Executors.newSingleThreadExecutor(Thread.ofVirtual().name(name).factory());
        this.source = source.apply(this::wake);
    }

    /** Lets the receiver wake it: only possible before the call's method has returned. */
    OutgoingStream<T> handled() {
        receiver.setOnReadyHandler(this::wake);
        receiver.setOnCancelHandler(this::wake);
        wake();
        return this;
    }

    /** There may be something to send, or the receiver may take more. */
    void wake() {
        try {
            sender.execute(this::send);
        } catch (RejectedExecutionException e) {
            log.trace("the stream has ended", e);
        }
    }

    private void send() {
        if (done) {
            return;
        }
        try {
            while (receiver.isReady() && !receiver.isCancelled()) {
                Optional<T> message = source.next();
                if (message.isEmpty()) {
                    break;
                }
                receiver.onNext(message.get());
            }
            if (receiver.isCancelled()) {
                end();
            } else if (source.isFinished()) {
                receiver.onCompleted();
                end();
            }
        } catch (StatusRuntimeException e) {
            // Cancelled in between: grpc says so only here.
            log.debug("the receiver went away", e);
            end();
        }
    }

    private void end() {
        done = true;
        source.close();
        sender.shutdown();
    }
}
