package io.drover.agent.handoff;

import io.drover.scheduler.host.HostId;
import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.Owner;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** A simulated host: its machine, its disk, and an agent that has the real hand-off in it and may be killed at any call. */
final class SimulatedHost {
    private static final long PING_MILLIS = 1_000;
    private static final long RETRY_MILLIS = 1_000;
    private static final long DEADLINE_MILLIS = 30_000;
    private static final long SWITCH_MILLIS = 8_000;

    /** Thrown in the middle of what a killed agent does. */
    static final class AgentKilledException extends RuntimeException {
        private static final long serialVersionUID = 1;

        AgentKilledException() {
            super("killed", null, false, false);
        }
    }

    final HostId id;
    private final Cloud cloud;
    // On its disk.
    private Optional<HandOffNote> note = Optional.empty();
    private long runEpoch;
    // Until it goes down.
    private Optional<SimulatedMachine> machine = Optional.empty();
    private Optional<Agent> agent = Optional.empty();
    private boolean up = true;
    // Its ways to others.
    private boolean cutFromZooKeeper;
    private boolean followerCutOff;
    private boolean answerToBeLost;
    private boolean slow;

    SimulatedHost(Cloud cloud, String name) {
        this.cloud = cloud;
        this.id = new HostId(name);
    }

    boolean isUp() {
        return up;
    }

    Optional<SimulatedMachine> machine() {
        return machine.filter(SimulatedMachine::isAlive);
    }

    Optional<SimulatedZooKeeper.Session> session() {
        return agent.map(running -> running.session);
    }

    /** Whether its session is there: what controllers see of it. */
    boolean isLive() {
        return session().filter(SimulatedZooKeeper.Session::isOpen).isPresent() || lingering
                .filter(SimulatedZooKeeper.Session::isOpen).isPresent();
    }

    /** A session whose agent was killed, until it expires. */
    private Optional<SimulatedZooKeeper.Session> lingering = Optional.empty();

    void ageSessions() {
        session().ifPresent(SimulatedZooKeeper.Session::age);
        lingering.ifPresent(SimulatedZooKeeper.Session::age);
    }

    void expireSession() {
        session().ifPresent(SimulatedZooKeeper.Session::expire);
        lingering.ifPresent(SimulatedZooKeeper.Session::expire);
    }

    boolean isCutFromZooKeeper() {
        return cutFromZooKeeper || !up;
    }

    boolean isFollowerCutOff() {
        return followerCutOff;
    }

    void cutFromZooKeeper(boolean cut) {
        cutFromZooKeeper = cut;
    }

    void followerCutOff(boolean cut) {
        followerCutOff = cut;
    }

    void loseAnswer() {
        answerToBeLost = true;
    }

    boolean takeLostAnswer() {
        boolean lost = answerToBeLost;
        answerToBeLost = false;
        return lost;
    }

    void slow(boolean slowly) {
        slow = slowly;
    }

    long delay() {
        return slow ? cloud.between(500, 5_000) : cloud.between(1, 8);
    }

    /** Whether nothing is under way on it. */
    boolean isAtRest() {
        return !up || agent.filter(running -> running.run.isEmpty()).isPresent();
    }

    void boot(long epoch) {
        runEpoch = epoch;
        machine = Optional.of(SimulatedMachine.booted(cloud, this, epoch));
    }

    void startAgent() {
        if (up && agent.isEmpty()) {
            Agent started = new Agent();
            agent = Optional.of(started);
            started.begin();
        }
    }

    void killAgent() {
        agent.ifPresent(running -> {
            running.dead = true;
            lingering = Optional.of(running.session);
            machine.ifPresent(left -> left.listen(event -> {}));
        });
        agent = Optional.empty();
    }

    void hangAgent(long millis) {
        agent.ifPresent(running -> running.hungUntil = cloud.time.now() + millis);
    }

    void die() {
        killAgent();
        machine.ifPresent(lost -> lost.die("the host died"));
        machine = Optional.empty();
        up = false;
    }

    void comeUp() {
        up = true;
        startAgent();
    }

    /** The controller asks it to receive a guest. It looks at the record itself. */
    void prepare() {
        agent.ifPresent(running -> running.guard(running::audit));
    }

    void recordMayHaveChanged() {
        agent.ifPresent(running -> running.guard(running::recordMayHaveChanged));
    }

    /** The agent as far as a hand-off touches it: session, leases, adoption, and the hand-off itself. */
    private final class Agent implements OwnershipRecord, GuestMachine, Notes, Alarms {
        private SimulatedZooKeeper.Session session = cloud.zooKeeper.open(SimulatedHost.this);
        private boolean dead;
        private long hungUntil;
        private Optional<HandOffRun> run = Optional.empty();
        /** What the record says, as far as it was seen in this session. */
        private Optional<Hold> known = Optional.empty();
        private int newestVersion;
        private long pingSent = cloud.time.now();
        private long pingAnswered = cloud.time.now();
        private final Map<Alarm, Long> alarms = new EnumMap<>(Alarm.class);
        private long alarmNumber;

        /** Does what only a living agent does; later, when it hangs. */
        private void guard(Runnable what) {
            if (dead) {
                return;
            }
            if (hungUntil > cloud.time.now()) {
                cloud.time.in(hungUntil - cloud.time.now(), () -> guard(what));
                return;
            }
            try {
                what.run();
            } catch (AgentKilledException expected) {
                cloud.trace(() -> id + ": its agent is killed in the middle of it");
            }
        }

        /** Each call to the outside is a moment to be killed at, before it and after it. */
        private void call(String what, Runnable effect) {
            cloud.trace(() -> id + ": " + what);
            cloud.mayFail();
            stopIfDead();
            effect.run();
            cloud.mayFail();
            stopIfDead();
        }

        private void stopIfDead() {
            if (dead) {
                throw new AgentKilledException();
            }
        }

        private void begin() {
            machine.ifPresent(left -> left.listen(event -> guard(() -> machineTold(event))));
            if (note.isPresent()) {
                boolean alive = machine().isPresent();
                HandOffNote left = note.get();
                guard(() -> handOff(switch (left.role()) {
                    case SOURCE -> SourceHandOff.resume(left, alive);
                    case DESTINATION -> DestinationHandOff.resume(left, machine.map(SimulatedMachine::sight)
                            .orElse(new DestinationHandOff.MachineSight.Useless("no process")));
                }));
            } else {
                guard(this::audit);
            }
            guard(this::ping);
        }

        private void handOff(HandOff.Step first) {
            run = Optional.of(HandOffRun.start("vm", first,
                    new HandOffRun.Surroundings(this::soon, this, this, this, this, this::over)));
        }

        private void soon(Runnable what) {
            cloud.time.in(0, () -> guard(what));
        }

        private void over(HandOff last) {
            cloud.trace(() -> id + ": " + last);
            run = Optional.empty();
            if (last instanceof SourceHandOff.Ended(Move _, long epoch)) {
                runEpoch = epoch;
            }
            if (last instanceof DestinationHandOff.Ended(Move _, long epoch)) {
                runEpoch = epoch;
            }
            audit();
        }

        private void ping() {
            cloud.time.in(PING_MILLIS, () -> guard(this::ping));
            if (!session.isOpen()) {
                if (!cloud.zooKeeper.reaches(SimulatedHost.this)) {
                    return;
                }
                session = cloud.zooKeeper.open(SimulatedHost.this);
                known = Optional.empty();
                pingSent = cloud.time.now();
                pingAnswered = cloud.time.now();
                recordMayHaveChanged();
                return;
            }
            long sent = cloud.time.now();
            SimulatedZooKeeper.Session by = session;
            by.ping(() -> guard(() -> {
                if (by == session) {
                    pingSent = Math.max(pingSent, sent);
                    pingAnswered = cloud.time.now();
                    renew();
                }
            }));
        }

        private void renew() {
            machine().filter(here -> known.filter(hold -> hold.names(id, here.epoch())).isPresent())
                    .ifPresent(here -> here.lease(Cloud.LEASE_MILLIS
                            + (cloud.mutation == Mutation.LEASE_FROM_ANSWER ? pingAnswered : pingSent)));
        }

        private void recordMayHaveChanged() {
            if (run.isPresent()) {
                run.get().accept(new HandOffEvent.RecordMayHaveChanged());
            } else {
                audit();
            }
        }

        private void audit() {
            read(event -> {
                if (run.isEmpty()) {
                    switch (event) {
                        case HandOffEvent.Seen(Sight sight) when sight.version() < newestVersion -> audit();
                        case HandOffEvent.Seen(Sight sight) -> judge(sight.hold().orElseThrow());
                        default -> cloud.time.in(RETRY_MILLIS, () -> guard(() -> {
                            if (run.isEmpty()) {
                                audit();
                            }
                        }));
                    }
                }
            });
        }

        /** As an agent does with any VM: what it may run it runs, what it may not run it ends. */
        private void judge(Hold hold) {
            if (machine().filter(here -> !hold.names(id, here.epoch())).isPresent()) {
                destroy("the record names another owner");
            }
            if (machine().isEmpty()) {
                judgeWithoutMachine(hold);
            } else {
                HandOff.join(hold, id).ifPresent(this::handOff);
            }
        }

        private void judgeWithoutMachine(Hold hold) {
            if (hold.owner().map(Owner::host).equals(Optional.of(id))) {
                long epoch = hold.owner().get().epoch();
                if (epoch == runEpoch) {
                    cloud.controller.runEnded(epoch);
                } else {
                    call("boots under epoch " + epoch, () -> {
                        cloud.boots(SimulatedHost.this, epoch);
                        boot(epoch);
                        machine.get().listen(event -> guard(() -> machineTold(event)));
                        renew();
                    });
                }
            } else {
                HandOff.join(hold, id).ifPresent(this::handOff);
            }
        }

        private void machineTold(HandOffEvent event) {
            cloud.trace(() -> id + ": " + event);
            if (run.isPresent()) {
                run.get().accept(event);
            } else if (event instanceof HandOffEvent.MachineGone) {
                audit();
            }
        }

        @Override
        public void read(Consumer<HandOffEvent> answer) {
            SimulatedZooKeeper.Session by = session;
            call("reads", () -> by.read(event -> guard(() -> answered(by, event, answer))));
        }

        @Override
        public void write(HandOffAction.Write write, Consumer<HandOffEvent> answer) {
            SimulatedZooKeeper.Session by = session;
            call("writes " + write, () -> by.write(write, event -> guard(() -> answered(by, event, answer))));
        }

        private void answered(SimulatedZooKeeper.Session by, HandOffEvent event, Consumer<HandOffEvent> answer) {
            cloud.trace(() -> id + ": is answered " + event);
            if (event instanceof HandOffEvent.Seen(Sight sight)) {
                boolean outdated = sight.version() < newestVersion;
                newestVersion = Math.max(newestVersion, sight.version());
                if (by == session && !outdated) {
                    known = sight.hold();
                    renew();
                }
            }
            answer.accept(event);
        }

        @Override
        public void receive(Move move) {
            call("receives", () -> {
                machine = Optional.of(SimulatedMachine.receiving(cloud, SimulatedHost.this));
                machine.get().listen(event -> guard(() -> machineTold(event)));
            });
        }

        @Override
        public void send(Move move, String address) {
            call("sends", () -> {
                Optional<SimulatedMachine> to = cloud.destination.machine();
                if (to.isPresent()) {
                    machine().ifPresent(here -> here.send(to.get()));
                } else {
                    machine().ifPresent(here -> soon(() -> machineTold(new HandOffEvent.StreamBroken("refused"))));
                }
            });
        }

        @Override
        public void finish() {
            call("finishes", () -> machine().ifPresent(SimulatedMachine::finish));
        }

        @Override
        public void resume(long epoch) {
            call("resumes under epoch " + epoch, () -> {
                runEpoch = epoch;
                machine().ifPresent(here -> {
                    here.resume(epoch);
                    renew();
                });
            });
        }

        @Override
        public void destroy(String why) {
            call("destroys: " + why, () -> {
                machine.ifPresent(here -> here.die(why));
                machine = Optional.empty();
            });
        }

        @Override
        public void keep(HandOffNote left) {
            call("keeps " + left, () -> note = Optional.of(left));
        }

        @Override
        public void forget() {
            call("forgets", () -> note = Optional.empty());
        }

        @Override
        public void wake(Alarm alarm) {
            long number = ++alarmNumber;
            alarms.put(alarm, number);
            long millis = switch (alarm) {
                case RETRY -> RETRY_MILLIS;
                case DEADLINE -> DEADLINE_MILLIS;
                case SWITCH -> SWITCH_MILLIS;
            };
            cloud.time.in(millis, () -> guard(() -> {
                if (alarms.get(alarm) == number) {
                    run.ifPresent(going -> going.accept(new HandOffEvent.Woken(alarm)));
                }
            }));
        }
    }
}
