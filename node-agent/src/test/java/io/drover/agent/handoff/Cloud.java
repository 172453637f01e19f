package io.drover.agent.handoff;

import io.drover.scheduler.host.HostId;
import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import io.drover.scheduler.migration.Owner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/**
 * One run: three hosts, a ZooKeeper, a controller, one VM and one migration of it, with faults at random steps. All of it follows
 * from the seed. After every step the rules are looked at.
 */
final class Cloud {
    /** Rule 2: a full lease after the session has gone, and lease + what a follower may not know < session + wait. */
    static final long LEASE_MILLIS = 5_000;
    static final long SESSION_MILLIS = 6_000;
    static final long WAIT_MILLIS = 5_500;
    static final long SYNC_LIMIT_MILLIS = 2_000;
    static final long CONNECTION_LOSS_MILLIS = 300;
    static final long LAG_MILLIS = 3_000;
    private static final long MIGRATE_AT_MILLIS = 1_500;
    private static final long END_MILLIS = 300_000;
    private static final int FAULT_STEPS = 130;

    /** A run does not come to an end. */
    static final class EndlessException extends RuntimeException {
        private static final long serialVersionUID = 1;

        EndlessException(String message) {
            super(message);
        }
    }

    /** A rule was broken. */
    static final class BrokenRuleException extends RuntimeException {
        private static final long serialVersionUID = 1;

        BrokenRuleException(String message) {
            super(message);
        }
    }

    /** A guest is booted: only one that was given up. */
    void boots(SimulatedHost host, long epoch) {
        require(restarted, host.id + " boots the guest anew under epoch " + epoch + ", though it was not given up");
    }

    /** Where the guest was in the end. */
    enum Outcome {
        MOVED, STAYED, RESTARTED
    }

    private record Planned(Fault fault, int atStep) {}

    final SimulatedTime time = new SimulatedTime();
    final Mutation mutation;
    final SimulatedHost source = new SimulatedHost(this, "source");
    final SimulatedHost destination = new SimulatedHost(this, "destination");
    private final SimulatedHost other = new SimulatedHost(this, "other");
    final List<SimulatedHost> hosts = List.of(source, destination, other);
    final Move move = new Move("m1", source.id, destination.id, 7, MoveOptions.AUTO, 0);
    final SimulatedZooKeeper zooKeeper;
    final SimulatedController controller = new SimulatedController(this);
    private final SplittableRandom random;
    private final List<Planned> planned = new ArrayList<>();
    private final Map<Long, HostId> ranUnder = new HashMap<>();
    private final Optional<List<String>> trace;
    private final int faults;
    private long latestMoment;
    private int steps;
    private boolean migrating;
    private boolean streamCut;
    private long healedAt;
    private boolean restarted;

    Cloud(long seed, Mutation mutation, boolean traced) {
        this.mutation = mutation;
        this.random = new SplittableRandom(seed);
        this.trace = traced ? Optional.of(new ArrayList<>()) : Optional.empty();
        this.zooKeeper = new SimulatedZooKeeper(this, Hold.of(source.id, move.epoch()));
        this.faults = random.nextInt(4) == 0 ? 2 : 1;
        for (int fault = 0; fault < faults; fault++) {
            planned.add(new Planned(pick(Fault.values()), random.nextInt(FAULT_STEPS)));
        }
    }

    List<String> trace() {
        return trace.orElse(List.of());
    }

    List<Fault> faults() {
        return planned.stream().map(Planned::fault).toList();
    }

    Outcome run() {
        source.boot(move.epoch());
        hosts.forEach(host -> {
            zooKeeper.watch(host::recordMayHaveChanged);
            host.startAgent();
        });
        controller.begin();
        ageSessions();
        time.in(MIGRATE_AT_MILLIS, () -> {
            controller.migrate();
            migrating = true;
        });
        while (!isSettled()) {
            require(time.step(), "nothing happens any more");
            mayFail();
            check();
            if (time.now() >= END_MILLIS) {
                throw new EndlessException("no end within " + END_MILLIS + " ms with " + planned);
            }
        }
        return outcome();
    }

    private void ageSessions() {
        hosts.forEach(SimulatedHost::ageSessions);
        time.in(500, this::ageSessions);
    }

    /** A moment at which something may go wrong. */
    void mayFail() {
        if (!migrating) {
            return;
        }
        steps++;
        for (Planned fault : planned) {
            if (fault.atStep() == steps) {
                trace(() -> "FAULT " + fault.fault());
                happen(fault.fault());
            }
        }
    }

    private void happen(Fault fault) {
        switch (fault) {
            case SOURCE_AGENT_KILLED -> killed(source);
            case DESTINATION_AGENT_KILLED -> killed(destination);
            case SOURCE_AGENT_HANGS -> source.hangAgent(healIn(between(100, 25_000), () -> {}));
            case DESTINATION_AGENT_HANGS -> destination.hangAgent(healIn(between(100, 25_000), () -> {}));
            case SOURCE_HOST_DIES -> dies(source);
            case DESTINATION_HOST_DIES -> dies(destination);
            case SOURCE_MACHINE_DIES -> source.machine().ifPresent(machine -> machine.die("killed"));
            case DESTINATION_MACHINE_DIES -> destination.machine().ifPresent(machine -> machine.die("killed"));
            case SOURCE_CUT_FROM_ZOOKEEPER -> cut(source);
            case DESTINATION_CUT_FROM_ZOOKEEPER -> cut(destination);
            case SOURCE_CUT_OFF -> {
                cut(source);
                cutStream();
            }
            case DESTINATION_CUT_OFF -> {
                cut(destination);
                cutStream();
            }
            case STREAM_CUT -> cutStream();
            case ZOOKEEPER_AWAY -> {
                zooKeeper.goAway();
                healIn(between(100, 20_000), () -> zooKeeper.comeBack(hosts));
            }
            case ANSWER_OF_SOURCE_LOST -> source.loseAnswer();
            case ANSWER_OF_DESTINATION_LOST -> destination.loseAnswer();
            case SOURCE_SLOW -> slow(source);
            case DESTINATION_SLOW -> slow(destination);
            case SOURCE_SESSION_EXPIRES -> source.expireSession();
            case DESTINATION_SESSION_EXPIRES -> destination.expireSession();
            case SOURCE_FOLLOWER_CUT_OFF -> {
                source.followerCutOff(true);
                // Then the follower gives up too, and with it the connection.
                time.in(SYNC_LIMIT_MILLIS, () -> {
                    source.followerCutOff(false);
                    cut(source);
                });
                healIn(SYNC_LIMIT_MILLIS, () -> {});
            }
            case CONTROLLER_DIES -> {
                controller.die();
                healIn(between(500, 10_000), controller::nextLeads);
            }
            case CANCELLED -> controller.cancel();
        }
    }

    private long healIn(long millis, Runnable how) {
        healedAt = Math.max(healedAt, time.now() + millis);
        time.in(millis, how);
        return millis;
    }

    private void killed(SimulatedHost host) {
        host.killAgent();
        // The operator's systemd brings it back, or a person does, much later.
        healIn(random.nextInt(3) == 0 ? between(10_000, 40_000) : between(50, 3_000), host::startAgent);
    }

    private void dies(SimulatedHost host) {
        host.die();
        if (random.nextBoolean()) {
            healIn(between(1_000, 40_000), host::comeUp);
        }
    }

    private void cut(SimulatedHost host) {
        host.cutFromZooKeeper(true);
        healIn(between(100, 25_000), () -> host.cutFromZooKeeper(false));
    }

    private void slow(SimulatedHost host) {
        host.slow(true);
        healIn(between(5_000, 25_000), () -> host.slow(false));
    }

    private void cutStream() {
        streamCut = true;
        source.machine().ifPresent(machine -> machine.breaks("the network"));
        destination.machine().ifPresent(machine -> machine.breaks("the network"));
        healIn(between(100, 20_000), () -> streamCut = false);
    }

    boolean isStreamCut() {
        return streamCut;
    }

    long between(long least, long most) {
        return random.nextLong(least, most + 1);
    }

    <T> T pick(T[] of) {
        return of[random.nextInt(of.length)];
    }

    long nextMoment() {
        return ++latestMoment;
    }

    long latestMoment() {
        return latestMoment;
    }

    Optional<HostId> liveHost() {
        return other.isLive() ? Optional.of(other.id) : Optional.empty();
    }

    void require(boolean held, String rule) {
        if (!held) {
            trace(() -> "BROKEN " + rule);
            throw new BrokenRuleException(rule + ", at " + time.now() + " ms with " + planned);
        }
    }

    void trace(Supplier<String> what) {
        trace.ifPresent(lines -> lines.add(time.now() + " ms, step " + steps + ": " + what.get()));
    }

    void recordChanged(Hold before, Hold after) {
        trace(() -> "RECORD " + after);
        require(after.lastEpoch() >= before.lastEpoch(), "the last epoch went back");
        boolean newOwner = after.owner().isPresent() && !after.owner().equals(before.owner());
        require(!newOwner || after.owner().get().epoch() > before.lastEpoch(), "a new owner without a new epoch");
        if (after.owner().isEmpty()) {
            restarted = true;
            boolean takenAway = after.lastEpoch() > before.lastEpoch();
            for (SimulatedHost host : hosts) {
                // An owner that has been away for long enough may come back just as the VM is taken from it.
                boolean wasAway = takenAway && before.owner().map(Owner::host).equals(Optional.of(host.id));
                boolean has = host.isLive() && host.machine().filter(SimulatedMachine::holdsLatest).isPresent();
                // With one fault nothing is to be lost; with two, what the destination cannot tell anybody in time may be.
                require(wasAway || !has || faults > 1, "the VM is given up, though " + host.id + " has its memory");
            }
        }
    }

    private void check() {
        Optional<SimulatedMachine> runs = Optional.empty();
        for (SimulatedHost host : hosts) {
            Optional<SimulatedMachine> here = host.machine().filter(SimulatedMachine::isExecuting);
            if (here.isPresent()) {
                require(runs.isEmpty(), "the VM runs twice");
                runs = here;
            }
        }
        if (runs.isPresent()) {
            HostId host = runs.get().host.id;
            long epoch = runs.get().epoch();
            require(ranUnder.computeIfAbsent(epoch, key -> {
                require(zooKeeper.history().stream().anyMatch(hold -> hold.names(host, key)),
                        host + " runs epoch " + key + ", which the record never gave to it");
                return host;
            }).equals(host), "two hosts have run epoch " + epoch);
        }
    }

    /** Everything that can heal has healed, and nothing is under way. */
    private boolean isSettled() {
        Hold hold = zooKeeper.current().hold().orElseThrow();
        if (!migrating || (steps <= FAULT_STEPS && time.now() < MIGRATE_AT_MILLIS + 60_000) || time.now() <= healedAt
                || hold.migration().isUnderWay() || hold.owner().isEmpty()) {
            return false;
        }
        for (SimulatedHost host : hosts) {
            boolean runsRight = host.machine().filter(machine -> machine.isExecuting()
                    && hold.names(host.id, machine.epoch())).isPresent();
            boolean owns = hold.owner().get().host().equals(host.id);
            if (!host.isAtRest() || owns != runsRight || (!owns && host.machine().isPresent())) {
                return false;
            }
        }
        return true;
    }

    private Outcome outcome() {
        Hold hold = zooKeeper.current().hold().orElseThrow();
        Owner owner = hold.owner().orElseThrow();
        if (restarted) {
            return Outcome.RESTARTED;
        }
        if (owner.host().equals(destination.id)) {
            require(hold.migration() instanceof Migration.Committed, "moved without a commit");
            return Outcome.MOVED;
        }
        require(owner.host().equals(source.id), "on a host that nobody chose");
        return Outcome.STAYED;
    }
}
