package io.drover.agent.handoff;

import io.drover.scheduler.migration.Hold;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** One VM's record, the sessions of three hosts, and the ways to lose an answer. */
final class SimulatedZooKeeper {
    /** What the record has said, its version the place in the list. */
    private final List<Hold> history = new ArrayList<>();
    private final List<Long> since = new ArrayList<>();
    private final List<Runnable> watchers = new ArrayList<>();
    private final Cloud cloud;
    private boolean away;

    SimulatedZooKeeper(Cloud cloud, Hold first) {
        this.cloud = cloud;
        history.add(first);
        since.add(0L);
    }

    /** A session of one agent. */
    final class Session {
        private final SimulatedHost host;
        private long heard = cloud.time.now();
        private boolean open = true;

        private Session(SimulatedHost host) {
            this.host = host;
        }

        boolean isOpen() {
            return open;
        }

        /** A ping that was sent now: {@code acknowledged} when its answer comes, if it comes. */
        void ping(Runnable acknowledged) {
            cloud.time.in(host.delay(), () -> {
                if (!open || !reaches(host)) {
                    return;
                }
                if (!host.isFollowerCutOff()) {
                    heard = cloud.time.now();
                }
                cloud.time.in(host.delay(), () -> {
                    if (reaches(host)) {
                        acknowledged.run();
                    }
                });
            });
        }

        /** The server looks at it. */
        void age() {
            if (open && !away && cloud.time.now() - heard > Cloud.SESSION_MILLIS) {
                expire();
            }
        }

        void expire() {
            open = false;
        }

        void read(Consumer<HandOffEvent> answer) {
            cloud.time.in(host.delay(), () -> {
                if (!open || !reaches(host) || host.isFollowerCutOff()) {
                    cloud.time.in(Cloud.CONNECTION_LOSS_MILLIS, () -> answer.accept(new HandOffEvent.Unreadable()));
                    return;
                }
                Sight sight = cloud.mutation == Mutation.STALE_READ && cloud.between(0, 1) == 0 ? older() : current();
                cloud.time.in(host.delay(), () -> answer.accept(
                        reaches(host) ? new HandOffEvent.Seen(sight) : new HandOffEvent.Unreadable()));
            });
        }

        void write(HandOffAction.Write write, Consumer<HandOffEvent> answer) {
            Lost lost = host.takeLostAnswer() ? cloud.pick(Lost.values()) : Lost.NO;
            if (lost != Lost.NO) {
                cloud.time.in(Cloud.CONNECTION_LOSS_MILLIS, () -> answer.accept(unanswered(write)));
            }
            long late = lost == Lost.AND_DONE_LATE ? cloud.between(0, 4_000) : 0;
            cloud.time.in(host.delay() + late, () -> {
                if (!open || lost == Lost.AND_NOT_DONE || !reaches(host) || host.isFollowerCutOff()) {
                    if (lost == Lost.NO) {
                        cloud.time.in(Cloud.CONNECTION_LOSS_MILLIS, () -> answer.accept(unanswered(write)));
                    }
                    return;
                }
                boolean done = compareAndSet(write.next(), write.version());
                if (lost == Lost.NO) {
                    cloud.time.in(host.delay(), () -> answer.accept(!reaches(host) ? unanswered(write)
                            : done ? new HandOffEvent.Seen(new Sight(Optional.of(write.next()), write.version() + 1))
                                    : new HandOffEvent.WriteLost()));
                }
            });
        }

        private HandOffEvent unanswered(HandOffAction.Write write) {
            return switch (cloud.mutation) {
                case GUESS_DONE -> new HandOffEvent.Seen(new Sight(Optional.of(write.next()), write.version() + 1));
                case GUESS_FAILED -> new HandOffEvent.Seen(new Sight(Optional.of(Hold.FREE), write.version()));
                default -> new HandOffEvent.WriteUnanswered();
            };
        }
    }

    private enum Lost {
        NO, AND_DONE, AND_DONE_LATE, AND_NOT_DONE
    }

    Session open(SimulatedHost host) {
        return new Session(host);
    }

    boolean reaches(SimulatedHost host) {
        return !away && !host.isCutFromZooKeeper();
    }

    Sight current() {
        return new Sight(Optional.of(history.getLast()), history.size() - 1);
    }

    /** What a follower may say that lags behind. */
    private Sight older() {
        int version = history.size() - 1;
        while (version > 0 && cloud.time.now() - since.get(version) < Cloud.LAG_MILLIS) {
            version--;
        }
        return new Sight(Optional.of(history.get(version)), version);
    }

    boolean compareAndSet(Hold next, int version) {
        if (version != history.size() - 1) {
            return false;
        }
        Hold before = history.getLast();
        history.add(next);
        since.add(cloud.time.now());
        cloud.recordChanged(before, next);
        for (Runnable watcher : watchers) {
            cloud.time.in(cloud.between(1, 30), watcher);
        }
        return true;
    }

    void watch(Runnable watcher) {
        watchers.add(watcher);
    }

    boolean isAway() {
        return away;
    }

    void goAway() {
        away = true;
    }

    /** A new leader gives every session its whole time. */
    void comeBack(List<SimulatedHost> hosts) {
        away = false;
        hosts.forEach(host -> host.session().ifPresent(session -> session.heard = cloud.time.now()));
        watchers.forEach(watcher -> cloud.time.in(cloud.between(1, 200), watcher));
    }

    List<Hold> history() {
        return List.copyOf(history);
    }
}
