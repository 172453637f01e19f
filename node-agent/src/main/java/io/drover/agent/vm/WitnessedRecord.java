package io.drover.agent.vm;

import io.drover.agent.driver.VmIdentity;
import io.drover.agent.handoff.HandOffAction;
import io.drover.agent.handoff.HandOffEvent;
import io.drover.agent.handoff.OwnershipRecord;
import io.drover.agent.handoff.Sight;
import io.drover.agent.lease.Leases;
import io.drover.agent.migration.Migrations;
import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.Migration;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A VM's record as a hand-off sees it, and what it saw last: for what is told of the end, for the lease that follows, and for how
 * long the commit took. Safe for all threads.
 */
final class WitnessedRecord implements OwnershipRecord {
    /** What was seen, and in which session if that is known for certain. */
    private record Seen(Optional<Hold> hold, long session) {}

    private final Migrations on;
    private final OwnershipRecord record;
    private volatile Seen seen = new Seen(Optional.empty(), Leases.NONE);
    private volatile Duration commit = Duration.ZERO;
    private volatile long committedNanos;

    WitnessedRecord(Migrations on, VmIdentity vm) {
        this.on = on;
        this.record = on.records().apply(vm);
    }

    /** One that was asked and answered under the same session was answered by it. */
    private Consumer<HandOffEvent> witnessing(Consumer<HandOffEvent> answer) {
        long asked = on.session().getAsLong();
        return event -> {
            if (event instanceof HandOffEvent.Seen(Sight sight)) {
                seen = new Seen(sight.hold(), on.session().getAsLong() == asked ? asked : Leases.NONE);
            }
            answer.accept(event);
        };
    }

    @Override
    public void read(Consumer<HandOffEvent> answer) {
        record.read(witnessing(answer));
    }

    @Override
    public void write(HandOffAction.Write write, Consumer<HandOffEvent> answer) {
        long before = System.nanoTime();
        Consumer<HandOffEvent> witnessing = witnessing(answer);
        record.write(write, event -> {
            if (write.next().migration() instanceof Migration.Committed && event instanceof HandOffEvent.Seen) {
                committedNanos = System.nanoTime();
                commit = Duration.ofNanos(committedNanos - before);
            }
            witnessing.accept(event);
        });
    }

    /** The session in which this host was last seen to own the VM under this epoch. */
    long ownedIn(long epoch) {
        Seen last = seen;
        return last.hold().filter(hold -> hold.names(on.host(), epoch)).isPresent() ? last.session() : Leases.NONE;
    }

    /** What the record says of a migration's end. */
    Optional<Migration> end(String migration) {
        return seen.hold().map(Hold::migration).filter(last -> !last.isUnderWay()
                && last.attempt().filter(ended -> ended.id().equals(migration)).isPresent());
    }

    /** How long the write took that made this host the owner; zero when another agent, or nobody, has written it. */
    Duration commit() {
        return commit;
    }

    /** How long ago that was. */
    Duration sinceCommit() {
        return committedNanos == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - committedNanos);
    }
}
