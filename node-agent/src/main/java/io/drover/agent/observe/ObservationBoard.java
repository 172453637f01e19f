package io.drover.agent.observe;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.agent.v1.ObserveResponse;
import io.drover.proto.agent.v1.VmObservation;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What this host holds now, and who wants to hear of changes. A subscriber that is slow gets less often, never late
 * news: changes to one VM that it has not taken yet become one. Safe for all threads.
 */
public final class ObservationBoard {
    private final ReentrantLock lock = new ReentrantLock();
    @GuardedBy("lock")
    private final Map<String, VmObservation> vms = new TreeMap<>();
    @GuardedBy("lock")
    private final Set<String> files = new TreeSet<>();
    @GuardedBy("lock")
    private final Set<Subscription> subscriptions = new LinkedHashSet<>();

    /** A VM is now like this. */
    public void observed(VmObservation vm) {
        List<Subscription> told;
        lock.lock();
        try {
            vms.put(vm.getUid(), vm);
            told = List.copyOf(subscriptions);
            for (Subscription subscription : told) {
                subscription.removed.remove(vm.getUid());
                subscription.changed.put(vm.getUid(), vm);
            }
        } finally {
            lock.unlock();
        }
        told.forEach(subscription -> subscription.whenChanged.run());
    }

    /** A VM is no longer here. */
    public void removed(String uid) {
        List<Subscription> told;
        lock.lock();
        try {
            vms.remove(uid);
            told = List.copyOf(subscriptions);
            for (Subscription subscription : told) {
                subscription.changed.remove(uid);
                subscription.removed.add(uid);
            }
        } finally {
            lock.unlock();
        }
        told.forEach(subscription -> subscription.whenChanged.run());
    }

    /** A file is now here. */
    public void stored(String sha256) {
        List<Subscription> told;
        lock.lock();
        try {
            files.add(sha256);
            told = List.copyOf(subscriptions);
            told.forEach(subscription -> subscription.files.add(sha256));
        } finally {
            lock.unlock();
        }
        told.forEach(subscription -> subscription.whenChanged.run());
    }

    /**
     * Begins to hear of changes.
     *
     * @param whenChanged called with no lock held, from any thread, when {@link Subscription#next} has something
     */
    public Subscription subscribe(Runnable whenChanged) {
        lock.lock();
        try {
            Subscription subscription = new Subscription(whenChanged);
            subscription.changed.putAll(vms);
            subscription.files.addAll(files);
            subscriptions.add(subscription);
            return subscription;
        } finally {
            lock.unlock();
        }
    }

    /** What one subscriber has not been told yet. */
    public final class Subscription implements AutoCloseable {
        private final Runnable whenChanged;
        // All of it is guarded by the board's lock.
        private final Map<String, VmObservation> changed = new LinkedHashMap<>();
        private final Set<String> removed = new LinkedHashSet<>();
        private final Set<String> files = new LinkedHashSet<>();
        private boolean begun;

        private Subscription(Runnable whenChanged) {
            this.whenChanged = whenChanged;
        }

        /** All that changed since the last call, in one message; first of all everything, even if that is nothing. */
        public Optional<ObserveResponse> next() {
            lock.lock();
            try {
                if (begun && changed.isEmpty() && removed.isEmpty() && files.isEmpty()) {
                    return Optional.empty();
                }
                ObserveResponse.Builder message = ObserveResponse.newBuilder().setComplete(!begun)
                        .addAllVms(changed.values())
                        .addAllSha256(files);
                if (begun) {
                    message.addAllRemovedUids(removed);
                }
                begun = true;
                changed.clear();
                removed.clear();
                files.clear();
                return Optional.of(message.build());
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                subscriptions.remove(this);
            } finally {
                lock.unlock();
            }
        }
    }
}
