package io.drover.controller.reconcile;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostLease;
import io.drover.controller.record.HostSession;
import io.drover.controller.record.Versioned;
import io.drover.controller.store.Store;
import io.drover.controller.store.StoreListener;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * How long hosts have been gone, counted on a monotonic clock by what this controller has seen itself and without a gap: it
 * counts anew when it begins to lead and when it has been cut off from ZooKeeper, and nothing of it is written. Safe for all
 * threads.
 */
public final class HostAbsences implements StoreListener {
    private final Store store;
    private final LongSupplier nanos;
    private final ScheduledExecutorService timer;
    private final Consumer<HostId> mayBeLost;
    @GuardedBy("this")
    private final Map<HostId, HostLoss.Absence> absences = new HashMap<>();

    /**
     * Counts nothing before the store is read.
     *
     * @param nanos a monotonic clock
     * @param mayBeLost told when a host's wait is over, and for all such hosts when others have come back; returns soon
     */
    public HostAbsences(Store store, LongSupplier nanos, ScheduledExecutorService timer, Consumer<HostId> mayBeLost) {
        this.store = store;
        this.nanos = nanos;
        this.timer = timer;
        this.mayBeLost = mayBeLost;
    }

    /** What is known of a host's absence. */
    synchronized HostLoss loss(HostId host) {
        Optional<HostLease> lease = store.view().host(host).filter(known -> !known.value().fenced())
                .flatMap(known -> known.value().lease());
        return HostLoss.judge(Optional.ofNullable(absences.get(host)), lease, absences.values(),
                store.view().hosts().size(), nanos.getAsLong());
    }

    /** Counts all anew: this controller leads from now on. */
    public void restart() {
        List<HostId> away;
        synchronized (this) {
            absences.clear();
            away = store.view().hosts().keySet().stream().filter(host -> store.view().session(host).isEmpty()).toList();
        }
        away.forEach(this::begin);
    }

    @Override
    public void synced() {
        restart();
    }

    @Override
    public void sessionChanged(Optional<HostSession> before, Optional<HostSession> after) {
        if (after.isPresent()) {
            List<HostId> others;
            synchronized (this) {
                absences.remove(after.get().host());
                others = new ArrayList<>(absences.keySet());
            }
            // What was too much together may not be so any more.
            others.forEach(mayBeLost);
        }
    }

    @Override
    public void sessionEnded(HostId host) {
        begin(host);
    }

    /** Its agent writes it each time that it joins. */
    @Override
    public void hostChanged(Optional<Versioned<Host>> before, Optional<Versioned<Host>> after) {
        HostId host = after.or(() -> before).orElseThrow().value().id();
        if (after.isEmpty()) {
            synchronized (this) {
                absences.remove(host);
            }
        } else if (store.view().session(host).isEmpty()) {
            begin(host);
        }
    }

    private void begin(HostId host) {
        Optional<Versioned<Host>> record = store.view().host(host);
        if (record.isEmpty()) {
            return;
        }
        synchronized (this) {
            absences.put(host, new HostLoss.Absence(record.get().version(), nanos.getAsLong()));
        }
        record.get().value().lease().ifPresent(lease -> {
            try {
                ScheduledFuture<?> _ = timer.schedule(() -> mayBeLost.accept(host),
                        lease.takeoverWait().toMillis() + 1, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException expected) {
                // The controller closes; the next one counts for itself.
            }
        });
    }
}
