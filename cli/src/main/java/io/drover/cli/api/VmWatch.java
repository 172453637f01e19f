package io.drover.cli.api;

import io.drover.cli.Failure;
import io.drover.proto.v1.WatchVmsRequest;
import io.drover.proto.v1.WatchVmsResponse;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The changes of VMs, for as long as somebody wants them: goes on from the last revision when the controller was away, and
 * begins again when that revision is too old.
 */
public final class VmWatch {
    /** Takes one event; answers whether more are wanted. */
    public interface Listener {
        boolean on(WatchVmsResponse event) throws Failure;
    }

    private static final Duration PAUSE = Duration.ofMillis(500);
    /** How long a controller may be away before a watch without a deadline gives up. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final ApiClient api;
    private final String filter;

    public VmWatch(ApiClient api, String filter) {
        this.api = api;
        this.filter = filter;
    }

    /**
     * Returns true when the listener has had enough, false when the time is over.
     *
     * @param from    a revision to go on after, or empty
     * @param timeout none for ever
     */
    public boolean run(String from, Optional<Duration> timeout, Listener listener)
            throws Failure, InterruptedException {
        Optional<Deadline> deadline = timeout.map(time -> Deadline.after(time.toMillis(), TimeUnit.MILLISECONDS));
        try (ScheduledExecutorService timer = Executors
                .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon(true).factory())) {
            String revision = from;
            boolean connected = false;
            Deadline patience = patience();
            while (deadline.isEmpty() || !deadline.get().isExpired()) {
                Context.CancellableContext context = deadline.isEmpty() ? Context.current().withCancellation()
                        : Context.current().withDeadline(deadline.get(), timer);
                Context previous = context.attach();
                try {
                    Iterator<WatchVmsResponse> events = api.vmStreams()
                            .watchVms(WatchVmsRequest.newBuilder().setRevision(revision).setFilter(filter).build());
                    while (events.hasNext()) {
                        WatchVmsResponse event = events.next();
                        connected = true;
                        patience = patience();
                        if (!listener.on(event)) {
                            return true;
                        }
                        revision = event.getRevision();
                    }
                } catch (StatusRuntimeException e) {
                    if (e.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED && deadline.isPresent()) {
                        return false;
                    }
                    if (e.getStatus().getCode() == Status.Code.OUT_OF_RANGE && !revision.isEmpty()) {
                        revision = "";
                        continue;
                    }
                    boolean away = e.getStatus().getCode() == Status.Code.UNAVAILABLE && connected
                            && !patience.isExpired();
                    if (!away) {
                        throw api.failure(e, "cannot watch VMs");
                    }
                } finally {
                    context.detach(previous);
                    context.cancel(null);
                }
                Thread.sleep(PAUSE);
            }
            return false;
        }
    }

    private static Deadline patience() {
        return Deadline.after(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }
}
