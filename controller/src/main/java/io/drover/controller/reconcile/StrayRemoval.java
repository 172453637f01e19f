package io.drover.controller.reconcile;

import io.drover.controller.agent.Agent;
import io.drover.controller.agent.Answer;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.Observation;
import io.drover.controller.agent.RunRef;
import io.drover.controller.agent.Sightings;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.VmId;
import io.drover.controller.store.CommitException;
import io.drover.controller.store.Store;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has hosts end and remove what {@link Strays} finds. */
final class StrayRemoval {
    private static final Logger log = LoggerFactory.getLogger(StrayRemoval.class);

    private final Store store;
    private final HostLinks links;
    private final BooleanSupplier leading;
    private final Backoff backoff;
    private final KeyedWork<VmId> work;

    StrayRemoval(Store store, HostLinks links, BooleanSupplier leading, Backoff backoff, KeyedWork<VmId> work) {
        this.store = store;
        this.links = links;
        this.leading = leading;
        this.backoff = backoff;
        this.work = work;
    }

    /** All strays of a VM that hosts tell of. */
    void removeOf(VmId id) throws CommitException, InterruptedException {
        for (Sightings.Sighting seen : links.sightings().of(id)) {
            if (links.reach(seen.host()).ready() && stray(seen).isPresent()) {
                remove(id, seen);
            }
        }
    }

    private Optional<VmStep> stray(Sightings.Sighting seen) {
        return Strays.next(seen.host(), seen.observation(),
                store.view().vm(seen.observation().vm()).map(Versioned::value));
    }

    private void remove(VmId id, Sightings.Sighting seen) throws CommitException, InterruptedException {
        // What looks like a stray may belong to a record that is newer than what is in memory.
        store.refresh();
        Optional<VmStep> step = stray(seen);
        if (step.isEmpty() || !leading.getAsBoolean()) {
            return;
        }
        boolean done = switch (step.get()) {
            case VmStep.Evict(HostId host, Observation stray) -> evict(host, stray);
            case VmStep.Sweep(HostId host, Observation stray) -> sweep(host, stray);
            default -> true;
        };
        if (done) {
            backoff.succeeded(id);
        } else {
            work.submitLater(id, backoff.next(id));
        }
    }

    /** Has the host stop what it runs without owning it; whether it has done so, or is away. */
    boolean evict(HostId host, Observation stray) throws InterruptedException {
        log.warn("{} ({}, epoch {}) runs on {} without owning it: it is stopped", stray.vm(), stray.uid(),
                stray.epoch(), host);
        Optional<Agent> agent = links.agent(host);
        return agent.isEmpty() || agent.get().stop(ref(stray), Duration.ZERO) instanceof Answer.Done<?>;
    }

    /** Has the host remove what nobody needs; as {@link #evict}. */
    boolean sweep(HostId host, Observation stray) throws InterruptedException {
        Optional<Agent> agent = links.agent(host);
        return agent.isEmpty() || agent.get().remove(ref(stray)) instanceof Answer.Done<?>;
    }

    private static RunRef ref(Observation stray) {
        return new RunRef(stray.vm(), stray.uid(), stray.epoch(), "stray");
    }
}
