package io.drover.cli.console;

import com.google.protobuf.ByteString;
import io.drover.cli.Failure;
import io.drover.cli.api.ApiClient;
import io.drover.proto.v1.AttachConsoleRequest;
import io.drover.proto.v1.AttachConsoleResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * One person's (or script's) session on a console. One thread, that of {@link #run}, owns everything; gRPC's threads and the
 * thread that reads the input only put events into its queue. A connection that breaks is made again, and the output goes on
 * where it was.
 */
final class ConsoleSession {
    /** What the session tells its user. */
    interface Screen {
        void show(byte[] output);

        /** Something beside the guest's output: "reconnecting". */
        void notice(String text);
    }

    /** How a session ended. */
    enum End {
        /** Ctrl-]. */
        LEFT,
        /** The text that was waited for came. */
        FOUND,
        /** The guest is gone. */
        CLOSED,
        /** The time is over. */
        TIME_OVER
    }

    /** What to do, besides typing and showing. */
    record Plan(String vm, boolean skipScrollback, String until, Duration timeout, boolean timeoutAfterInput,
            boolean escapeKey) {}

    private sealed interface Event {
        record Output(AttachConsoleResponse response, int connection) implements Event {}

        record Broken(StatusRuntimeException cause, int connection) implements Event {}

        record Closed(int connection) implements Event {}

        record Typed(ByteString bytes) implements Event {}

        record InputEnded() implements Event {}
    }

    /** Reconnecting is tried for so long. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    /** How long the server may take to end a session that its user has left. */
    private static final Duration FAREWELL = Duration.ofMillis(500);
    private static final Duration PAUSE = Duration.ofMillis(500);
    /** The scrollback comes in one go; silence means that it is over. */
    private static final Duration SCROLLBACK_SILENCE = Duration.ofMillis(700);
    private static final long NEVER = Long.MAX_VALUE;
    private static final int MOST_INPUT = 64 << 10;

    private final ApiClient api;
    private final Plan plan;
    private final Screen screen;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final ScrollbackSplice splice = new ScrollbackSplice();
    private final Expected expected;
    /** Empty while the connection is lost. */
    private Optional<ClientCallStreamObserver<AttachConsoleRequest>> requests = Optional.empty();
    private int connection;
    private boolean everConnected;
    private long lostSince = NEVER;
    private long deadline = NEVER;

    ConsoleSession(ApiClient api, Plan plan, Screen screen) {
        this.api = api;
        this.plan = plan;
        this.screen = screen;
        this.expected = new Expected(plan.until());
    }

    /** Takes over what was typed; from any thread. */
    void typed(byte[] bytes) {
        events.add(new Event.Typed(ByteString.copyFrom(bytes)));
    }

    /** Nothing more will be typed; from any thread. */
    void inputEnded() {
        events.add(new Event.InputEnded());
    }

    End run() throws Failure, InterruptedException {
        deadline = plan.timeoutAfterInput() ? NEVER : after(plan.timeout());
        connect(plan.skipScrollback());
        try {
            while (true) {
                Optional<End> end = step();
                if (end.isPresent()) {
                    return end.get();
                }
            }
        } finally {
            requests.ifPresent(this::sayGoodbye);
        }
    }

    /** Lets the last keys get there: a call that is cancelled at once may lose them. */
    private void sayGoodbye(ClientCallStreamObserver<AttachConsoleRequest> open) {
        open.onCompleted();
        long until = after(FAREWELL);
        try {
            boolean over = false;
            while (!over && System.nanoTime() < until) {
                over = switch (events.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    case Event.Closed closed -> closed.connection() == connection;
                    case Event.Broken broken -> broken.connection() == connection;
                    case null, default -> false;
                };
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        open.cancel("the session is over", null);
    }

    /** Waits for one event, or for the time of whatever is due first, and acts on it. */
    private Optional<End> step() throws Failure, InterruptedException {
        long now = System.nanoTime();
        if (deadline != NEVER && now >= deadline) {
            return Optional.of(End.TIME_OVER);
        }
        long wait = deadline == NEVER ? Long.MAX_VALUE : deadline - now;
        if (requests.isEmpty()) {
            wait = Math.min(wait, PAUSE.toNanos());
        } else if (splice.holds()) {
            wait = Math.min(wait, SCROLLBACK_SILENCE.toNanos());
        }
        return switch (events.poll(wait, TimeUnit.NANOSECONDS)) {
            case null -> silence();
            case Event.Output output ->
                output.connection() == connection ? output(output.response()) : Optional.empty();
            case Event.Typed typed -> typed(typed);
            case Event.Closed closed -> closed.connection() == connection ? Optional.of(End.CLOSED) : Optional.empty();
            case Event.InputEnded ended -> {
                deadline = plan.timeoutAfterInput() ? after(plan.timeout()) : deadline;
                yield Optional.empty();
            }
            case Event.Broken broken -> {
                if (broken.connection() == connection) {
                    lost(broken.cause());
                }
                yield Optional.empty();
            }
        };
    }

    private static long after(Duration time) {
        return System.nanoTime() + time.toNanos();
    }

    /** Nothing came: time to connect again, or the scrollback is over. */
    private Optional<End> silence() {
        if (requests.isEmpty()) {
            splice.reconnected();
            connect(false);
            return Optional.empty();
        }
        return splice.holds() ? show(splice.flush()) : Optional.empty();
    }

    private Optional<End> output(AttachConsoleResponse response) {
        if (lostSince != NEVER) {
            lostSince = NEVER;
            screen.notice("connected again");
        }
        everConnected = true;
        requests.ifPresent(open -> open.request(1));
        if (response.getLostBytes() > 0) {
            screen.notice(response.getLostBytes() + " bytes were lost here: see `drover vm logs`");
        }
        return show(splice.accept(response.getOutput().toByteArray()));
    }

    private Optional<End> show(byte[] output) {
        if (output.length > 0) {
            screen.show(output);
        }
        return !plan.until().isEmpty() && expected.arrives(output) ? Optional.of(End.FOUND) : Optional.empty();
    }

    private Optional<End> typed(Event.Typed typed) {
        Optional<ByteString> before = plan.escapeKey() ? EscapeKey.before(typed.bytes()) : Optional.empty();
        ByteString bytes = before.orElse(typed.bytes());
        for (int from = 0; from < bytes.size(); from += MOST_INPUT) {
            ByteString part = bytes.substring(from, Math.min(from + MOST_INPUT, bytes.size()));
            // Without a connection keys are lost, as on a real line: nobody wants them typed minutes later.
            requests.ifPresent(open -> open.onNext(AttachConsoleRequest.newBuilder().setInput(part).build()));
        }
        return before.map(ignored -> End.LEFT);
    }

    private void connect(boolean skipScrollback) {
        connection++;
        Stream stream = new Stream(connection);
        api.consoles().attachConsole(stream);
        requests = Optional.of(stream.requests);
        stream.requests
                .onNext(AttachConsoleRequest.newBuilder().setName(plan.vm()).setSkipScrollback(skipScrollback).build());
    }

    /** A controller or agent that restarts is waited for; any other error is the end. */
    private void lost(StatusRuntimeException cause) throws Failure {
        requests = Optional.empty();
        boolean away = everConnected && cause.getStatus().getCode() == Status.Code.UNAVAILABLE;
        if (away && lostSince == NEVER) {
            lostSince = System.nanoTime();
            screen.notice("the connection was lost; trying again");
        }
        if (!away || System.nanoTime() - lostSince > PATIENCE.toNanos()) {
            throw api.failure(cause, "the console of " + plan.vm() + " is not open");
        }
    }

    /** gRPC's side of one connection: it asks for one message at a time, so that a slow terminal slows the guest's session. */
    private final class Stream implements ClientResponseObserver<AttachConsoleRequest, AttachConsoleResponse> {
        private static final int AHEAD = 16;

        private final int number;
        private ClientCallStreamObserver<AttachConsoleRequest> requests;

        Stream(int number) {
            this.number = number;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<AttachConsoleRequest> stream) {
            requests = stream;
            stream.disableAutoRequestWithInitial(AHEAD);
        }

        @Override
        public void onNext(AttachConsoleResponse response) {
            events.add(new Event.Output(response, number));
        }

        @Override
        public void onError(Throwable error) {
            events.add(new Event.Broken(
                    Status.fromThrowable(error).asRuntimeException(Status.trailersFromThrowable(error)), number));
        }

        @Override
        public void onCompleted() {
            events.add(new Event.Closed(number));
        }
    }
}
