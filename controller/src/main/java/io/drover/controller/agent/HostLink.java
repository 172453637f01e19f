package io.drover.controller.agent;

import io.drover.controller.record.HostSession;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.VmId;
import io.drover.proto.agent.v1.ObserveResponse;
import io.drover.proto.agent.v1.VmObservation;
import io.grpc.ManagedChannel;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection to one agent, for as long as its session lives: one Observe stream, opened again with back-off when it
 * breaks. A thread of its own does all of that, and {@link #close} waits for its end.
 */
final class HostLink implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HostLink.class);
    private static final Duration FIRST_BACKOFF = Duration.ofMillis(100);
    private static final Duration LAST_BACKOFF = Duration.ofSeconds(5);
    /** A host that accepts a connection and then says nothing is as good as silent. */
    private static final long FIRST_MESSAGE_SECONDS = 15;

    private final HostSession session;
    private final ManagedChannel channel;
    private final Agent agent;
    private final Sightings sightings;
    private final HostListener listener;
    private final Clock clock;
    private final Thread thread;
    private volatile HostReach reach;
    private volatile boolean closed;

    HostLink(HostSession session, ManagedChannel channel, Sightings sightings, HostListener listener, Clock clock) {
        this.session = session;
        this.channel = channel;
        this.agent = new Agent(channel);
        this.sightings = sightings;
        this.listener = listener;
        this.clock = clock;
        this.reach = new HostReach.Unreachable(clock.instant(), "connecting to " + session.address());
        this.thread = Thread.ofVirtual().name("observe-" + session.host()).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    HostSession session() {
        return session;
    }

    HostReach reach() {
        return reach;
    }

    Agent agent() {
        return agent;
    }

    private void run() {
        Duration backoff = FIRST_BACKOFF;
        while (!closed) {
            boolean wasReady = false;
            try {
                wasReady = observe();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                log.error("the stream of {} broke", session.host(), e);
                lost(e.toString());
            }
            backoff = wasReady ? FIRST_BACKOFF : backoff.multipliedBy(2);
            backoff = backoff.compareTo(LAST_BACKOFF) > 0 ? LAST_BACKOFF : backoff;
            try {
                // Spread, so that an agent that comes back is not met by all controllers at once.
                Thread.sleep(backoff.toMillis() / 2 + ThreadLocalRandom.current().nextLong(backoff.toMillis() / 2 + 1));
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /**
     * Reads the stream until it ends.
     *
     * @return whether it gave anything
     */
    private boolean observe() throws InterruptedException {
        BlockingClientCall<?, ObserveResponse> call = agent.observe();
        boolean ready = false;
        try {
            ObserveResponse first = call.read(FIRST_MESSAGE_SECONDS, TimeUnit.SECONDS);
            for (ObserveResponse next = first; next != null && !closed; next = call.read()) {
                apply(next);
                if (!ready) {
                    ready = true;
                    reach = new HostReach.Ready();
                    log.info("host {} is ready: agent {} at {}", session.host(), session.version(), session.address());
                    listener.reachChanged(session.host());
                }
            }
            lost("its agent ended the stream");
        } catch (StatusException e) {
            String why = e.getStatus().getDescription() == null ? "" : ": " + e.getStatus().getDescription();
            lost(session.address() + " answers " + e.getStatus().getCode() + why);
        } catch (TimeoutException e) {
            lost(session.address() + " accepts connections but its agent has said nothing for " + FIRST_MESSAGE_SECONDS
                    + " s");
        } finally {
            call.cancel("done with it", null);
        }
        return ready;
    }

    private void lost(String why) {
        if (closed) {
            return;
        }
        boolean news = reach.ready();
        HostReach before = reach;
        reach = new HostReach.Unreachable(
                before instanceof HostReach.Unreachable already ? already.since() : clock.instant(),
                why);
        if (news) {
            log.warn("host {} cannot be reached: {}", session.host(), why);
        }
        if (!reach.equals(before)) {
            listener.reachChanged(session.host());
        }
    }

    private void apply(ObserveResponse message) {
        Set<Sha256> files = new HashSet<>();
        message.getSha256List().stream().filter(Sha256::holds).map(Sha256::new).forEach(files::add);
        if (message.getComplete() || !files.isEmpty()) {
            listener.filesHeld(session.host(), files, message.getComplete());
        }
        List<Observation> seen = new ArrayList<>();
        for (VmObservation vm : message.getVmsList()) {
            ObservationCodec.decode(vm).ifPresentOrElse(seen::add,
                    () -> log.warn("host {} tells of a VM in a way that is not understood: {}", session.host(),
                            vm.getVm()));
        }
        changedBy(message, seen).forEach(vm -> listener.observed(session.host(), vm));
    }

    /** After {@link #close} nothing of this session counts any more: the next one may have told already. */
    private synchronized Set<VmId> changedBy(ObserveResponse message, List<Observation> seen) {
        Set<VmId> changed = new HashSet<>();
        if (closed) {
            return changed;
        }
        if (message.getComplete()) {
            return sightings.replace(session.host(), seen);
        }
        for (Observation each : seen) {
            if (sightings.put(session.host(), each)) {
                changed.add(each.vm());
            }
        }
        for (String uid : message.getRemovedUidsList()) {
            sightings.remove(session.host(), uid).ifPresent(changed::add);
        }
        return changed;
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        thread.interrupt();
        channel.shutdownNow();
    }
}
