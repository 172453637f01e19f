package io.drover.agent.handoff;

import io.drover.scheduler.migration.Move;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A machine process on a simulated host: it outlives its agent, pauses by itself when its lease runs out, and speaks to the
 * machine at the other end of its stream without anybody's help.
 */
final class SimulatedMachine {
    private static final long BUILD_MILLIS = 40;
    private static final long COPY_MILLIS = 400;
    private static final long PAUSE_MILLIS = 3;
    private static final long REST_MILLIS = 30;
    private static final long SILENCE_MILLIS = 3_000;

    enum Stream {
        NONE, LISTENING, COPYING, CONVERGED, FINISHING, SENT, COMPLETE, BROKEN
    }

    private final Cloud cloud;
    final SimulatedHost host;
    private boolean alive = true;
    private long epoch;
    /** Whether the hand-off lets it run. */
    private boolean released;
    private long leaseUntil;
    /** Which moment of the guest's life its memory holds; empty: none yet, or only part of it. */
    private Optional<Long> moment;
    private Stream stream = Stream.NONE;
    private Optional<SimulatedMachine> peer = Optional.empty();
    /** The agent, while one listens. */
    private Consumer<HandOffEvent> listener = event -> {};

    private SimulatedMachine(Cloud cloud, SimulatedHost host, long epoch, boolean released, Optional<Long> moment) {
        this.cloud = cloud;
        this.host = host;
        this.epoch = epoch;
        this.released = released;
        this.moment = moment;
    }

    static SimulatedMachine booted(Cloud cloud, SimulatedHost host, long epoch) {
        return new SimulatedMachine(cloud, host, epoch, true, Optional.of(cloud.nextMoment()));
    }

    static SimulatedMachine receiving(Cloud cloud, SimulatedHost host) {
        SimulatedMachine machine = new SimulatedMachine(cloud, host, 0, false, Optional.empty());
        cloud.time.in(BUILD_MILLIS, () -> {
            if (machine.alive) {
                machine.stream = Stream.LISTENING;
                machine.tell(new HandOffEvent.Listening(machine.address()));
            }
        });
        return machine;
    }

    boolean isAlive() {
        return alive;
    }

    boolean isExecuting() {
        return alive && released && moment.isPresent() && cloud.time.now() < leaseUntil;
    }

    boolean isReleased() {
        return released;
    }

    long epoch() {
        return epoch;
    }

    Stream stream() {
        return stream;
    }

    String address() {
        return host.id + ":4000";
    }

    /** Whether the guest could go on from here as if nothing had happened. */
    boolean holdsLatest() {
        return alive && moment.equals(Optional.of(cloud.latestMoment()));
    }

    boolean holdsGuest() {
        return alive && moment.isPresent();
    }

    void lease(long until) {
        if (until > leaseUntil) {
            boolean slept = !isExecuting();
            leaseUntil = until;
            if (slept) {
                runs();
            }
        }
    }

    /** The guest's life goes on: whoever goes on from an older moment of it has forked it. */
    private void runs() {
        if (isExecuting()) {
            cloud.require(holdsLatest(), "goes on from an older moment of the guest");
            moment = Optional.of(cloud.nextMoment());
        }
    }

    void listen(Consumer<HandOffEvent> agent) {
        listener = agent;
    }

    private void tell(HandOffEvent event) {
        Consumer<HandOffEvent> to = listener;
        cloud.time.in(1, () -> to.accept(event));
    }

    void send(SimulatedMachine to) {
        switch (stream) {
            case NONE -> {
                stream = Stream.COPYING;
                peer = Optional.of(to);
                to.peer = Optional.of(this);
                cloud.time.in(COPY_MILLIS, this::converged);
            }
            case CONVERGED -> tell(new HandOffEvent.Converged());
            case BROKEN -> tell(new HandOffEvent.StreamBroken("earlier"));
            case COPYING, FINISHING, SENT, LISTENING, COMPLETE -> {
            }
        }
    }

    private void converged() {
        if (alive && stream == Stream.COPYING && transfers()) {
            stream = Stream.CONVERGED;
            tell(new HandOffEvent.Converged());
        }
    }

    void finish() {
        if (stream == Stream.BROKEN) {
            tell(new HandOffEvent.StreamBroken("earlier"));
        } else if (alive && stream != Stream.SENT && stream != Stream.FINISHING) {
            stream = Stream.FINISHING;
            cloud.time.in(PAUSE_MILLIS, () -> {
                if (alive && stream == Stream.FINISHING) {
                    released = false;
                    cloud.time.in(REST_MILLIS, this::sent);
                }
            });
        }
    }

    private void sent() {
        if (alive && stream == Stream.FINISHING && transfers()) {
            stream = Stream.SENT;
            peer.get().moment = moment;
            peer.get().complete();
            if (cloud.mutation == Mutation.DESTROY_WHEN_SENT) {
                die("mutation");
            }
        }
    }

    private void complete() {
        stream = Stream.COMPLETE;
        if (cloud.mutation == Mutation.RUN_BEFORE_RECORD) {
            epoch = cloud.move.epoch() + 1;
            released = true;
            lease(cloud.time.now() + Cloud.LEASE_MILLIS);
        }
        tell(new HandOffEvent.Complete());
    }

    /** Whether what is on its way arrives; if not, both ends notice in their time. */
    private boolean transfers() {
        boolean joined = peer.isPresent() && peer.get().alive && !cloud.isStreamCut()
                && peer.get().stream == Stream.LISTENING;
        if (!joined) {
            breaks("no answer from the other end");
        }
        return joined;
    }

    /** The path between the hosts is gone, or the other end. */
    void breaks(String why) {
        cloud.time.in(SILENCE_MILLIS, () -> {
            notice(why);
            peer.ifPresent(other -> other.notice(why));
        });
    }

    private void notice(String why) {
        boolean done = stream == Stream.COMPLETE || stream == Stream.BROKEN || stream == Stream.NONE;
        // An end that has sent everything may have missed the other end's word that it has it.
        if (alive && !done) {
            stream = Stream.BROKEN;
            if (cloud.mutation == Mutation.RESUME_WHEN_BROKEN && moment.isPresent()) {
                released = true;
                runs();
            }
            tell(new HandOffEvent.StreamBroken(why));
        }
    }

    void resume(long under) {
        if (!alive) {
            return;
        }
        boolean slept = !isExecuting();
        epoch = under;
        released = true;
        stream = Stream.NONE;
        if (slept) {
            runs();
        }
    }

    void die(String why) {
        if (alive) {
            alive = false;
            tell(new HandOffEvent.MachineGone(why));
            if (peer.isPresent()) {
                breaks("the other end died");
            }
        }
    }

    DestinationHandOff.MachineSight sight() {
        if (!alive) {
            return new DestinationHandOff.MachineSight.Useless("no process");
        }
        return switch (stream) {
            case LISTENING -> new DestinationHandOff.MachineSight.Receiving(address());
            case COMPLETE -> new DestinationHandOff.MachineSight.Complete();
            // Let run already, or it never listened, or it lost its peer.
            case NONE -> moment.isPresent() ? new DestinationHandOff.MachineSight.Complete()
                    : new DestinationHandOff.MachineSight.Useless("it never listened");
            case COPYING, CONVERGED, FINISHING, SENT, BROKEN ->
                new DestinationHandOff.MachineSight.Useless("the stream broke");
        };
    }

    /** Only for its address. */
    boolean receives(Move move) {
        return alive && host.id.equals(move.destination());
    }
}
