package io.drover.demo;

import com.google.protobuf.ByteString;
import io.drover.cli.api.ApiClient;
import io.drover.proto.v1.AttachConsoleRequest;
import io.drover.proto.v1.AttachConsoleResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/** A session on a VM's console for a program: shows what the guest prints line by line, waits for texts, types. */
public final class GuestConsole implements AutoCloseable {
    private final String vm;
    private final Consumer<String> lines;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final StreamObserver<AttachConsoleRequest> requests;
    // Guarded by lock.
    private final StringBuilder printed = new StringBuilder();
    private int shown;
    private Optional<String> end = Optional.empty();

    /**
     * Opens a session; it begins with the scrollback.
     *
     * @param vm    its resource name
     * @param lines is given each whole line that the guest prints, on gRPC's thread
     */
    public GuestConsole(ApiClient api, String vm, Consumer<String> lines) {
        this.vm = vm;
        this.lines = lines;
        this.requests = api.consoles().attachConsole(new Output());
        requests.onNext(AttachConsoleRequest.newBuilder().setName(vm).build());
    }

    /** Waits until the guest has printed a text; returns all that it has printed. */
    public String await(String text, Duration timeout) throws DemoFailure, InterruptedException {
        return awaitAfter(0, text, timeout);
    }

    /** Types a command and waits for its answer; what the guest prints from now on counts, and is returned. */
    public String ask(String command, String answer, Duration timeout) throws DemoFailure, InterruptedException {
        int from;
        lock.lock();
        try {
            from = printed.length();
        } finally {
            lock.unlock();
        }
        requests.onNext(AttachConsoleRequest.newBuilder().setInput(ByteString.copyFromUtf8(command + "\n")).build());
        return awaitAfter(from, answer, timeout).substring(from);
    }

    private String awaitAfter(int from, String text, Duration timeout) throws DemoFailure, InterruptedException {
        long left = timeout.toNanos();
        lock.lockInterruptibly();
        try {
            while (printed.indexOf(text, from) < 0) {
                if (end.isPresent()) {
                    throw new DemoFailure(
                            "the console of " + vm + " ended (" + end.get() + ") before it printed: " + text);
                }
                if (left <= 0) {
                    throw new DemoFailure(vm + " did not print within " + timeout.toSeconds() + " s: " + text);
                }
                left = changed.awaitNanos(left);
            }
            return printed.toString();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (end.isPresent()) {
                return;
            }
        } finally {
            lock.unlock();
        }
        requests.onCompleted();
    }

    private final class Output implements StreamObserver<AttachConsoleResponse> {
        @Override
        public void onNext(AttachConsoleResponse response) {
            java.util.List<String> whole = new java.util.ArrayList<>();
            lock.lock();
            try {
                // Guests print ASCII; anything else is shown byte by byte.
                printed.append(response.getOutput().toString(StandardCharsets.ISO_8859_1));
                for (int lineEnd = printed.indexOf("\n", shown); lineEnd >= 0; lineEnd = printed.indexOf("\n", shown)) {
                    whole.add(printed.substring(shown, lineEnd).replace("\r", ""));
                    shown = lineEnd + 1;
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            whole.forEach(lines);
        }

        @Override
        public void onError(Throwable error) {
            ended(Status.fromThrowable(error).toString());
        }

        @Override
        public void onCompleted() {
            ended("the guest has ended");
        }

        private void ended(String why) {
            lock.lock();
            try {
                end = Optional.of(why);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
