package io.drover.agent.lease;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.agent.cluster.Heartbeat;
import io.drover.agent.driver.VmIdentity;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leases of this host's VMs. Each time that ZooKeeper has answered, a VM is given a lease that is counted from the question,
 * if its record was read since the session that asks has joined, and named this host and the VM's epoch. So a VM is looked up
 * once for each session and costs nothing after that. Safe for all threads.
 */
public final class Leases implements Heartbeat.Listener {
    private static final Logger log = LoggerFactory.getLogger(Leases.class);

    /** Reads records. */
    @FunctionalInterface
    public interface Records {
        /**
         * Whether the record, as it is now, names this host and the epoch.
         *
         * @throws IOException when that cannot be found out
         */
        boolean isOurs(VmIdentity vm) throws IOException, InterruptedException;
    }

    /** No session: ZooKeeper gives none this number. */
    public static final long NONE = 0;

    private final Duration lease;
    private final Records records;
    private final ReentrantLock lock = new ReentrantLock();
    @GuardedBy("lock")
    private final Map<String, Held> held = new HashMap<>();
    /** The last answer. */
    @GuardedBy("lock")
    private long session = NONE;
    @GuardedBy("lock")
    private long sentBootNanos;

    /** One VM's. What changes is guarded by the lock. */
    private static final class Held {
        private final VmIdentity vm;
        private final LeaseHolder holder;
        /** The session in which the record was read. */
        private long confirmed = NONE;
        /** A thread is at it. */
        private boolean busy;
        private boolean failed;

        Held(VmIdentity vm, LeaseHolder holder) {
            this.vm = vm;
            this.holder = holder;
        }
    }

    public Leases(Duration lease, Records records) {
        this.lease = lease;
        this.records = records;
    }

    /** A machine that needs leases runs from now on; another of the same VM is forgotten. */
    public void add(VmIdentity vm, LeaseHolder holder) {
        add(vm, holder, NONE);
    }

    /**
     * As the other, of a VM whose record was just seen to name this host and the epoch, by a read after a sync or by a write.
     *
     * @param seenIn the session that saw it; {@link #NONE}: it is not known
     */
    public void add(VmIdentity vm, LeaseHolder holder, long seenIn) {
        lock.lock();
        try {
            Held added = new Held(vm, holder);
            added.confirmed = seenIn;
            held.put(vm.uid(), added);
            attend(added);
        } finally {
            lock.unlock();
        }
    }

    /** The machine is gone, or let go of. Does nothing when another has its place, or it had no lease. */
    public void remove(VmIdentity vm, LeaseHolder holder) {
        lock.lock();
        try {
            Held removed = held.get(vm.uid());
            if (removed != null && removed.holder.equals(holder)) {
                held.remove(vm.uid());
            }
        } finally {
            lock.unlock();
        }
    }

    /** The VM's record may have changed: it is read before the next lease. */
    public void doubt(String uid) {
        lock.lock();
        try {
            Held doubted = held.get(uid);
            if (doubted != null) {
                doubted.confirmed = NONE;
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void alive(long bySession, long sent) {
        lock.lock();
        try {
            session = bySession;
            sentBootNanos = sent;
            held.values().forEach(this::attend);
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void attend(Held one) {
        if (session != NONE && !one.busy) {
            one.busy = true;
            Thread.ofVirtual().name("lease " + one.vm.name()).start(() -> attendTo(one));
        }
    }

    /** Confirms and renews, and again when there was an answer meanwhile. */
    private void attendTo(Held one) {
        long done = Long.MIN_VALUE;
        while (true) {
            long current;
            long sent;
            boolean known;
            lock.lock();
            try {
                current = session;
                sent = sentBootNanos;
                known = one.confirmed == current;
                if (held.get(one.vm.uid()) != one || sent == done) {
                    one.busy = false;
                    return;
                }
            } finally {
                lock.unlock();
            }
            done = sent;
            try {
                if (known || confirm(one, current)) {
                    renew(one, sent);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private boolean confirm(Held one, long current) throws InterruptedException {
        try {
            // Read after the answer that said that this session has joined: whoever took the VM away before is seen.
            if (!records.isOurs(one.vm)) {
                log.warn("VM {}: not this host's any more: its lease is not renewed", one.vm);
                return false;
            }
        } catch (IOException e) {
            log.info("VM {}: its record cannot be read, so its lease is not renewed: {}", one.vm, e.getMessage());
            return false;
        }
        lock.lock();
        try {
            one.confirmed = current;
        } finally {
            lock.unlock();
        }
        return true;
    }

    private void renew(Held one, long sent) {
        try {
            one.holder.renew(sent + lease.toNanos());
            if (one.failed) {
                log.info("VM {}: its lease is renewed again", one.vm);
            }
            one.failed = false;
        } catch (IOException e) {
            if (!one.failed) {
                log.warn("VM {}: its lease is not renewed: {}", one.vm, e.getMessage());
            }
            one.failed = true;
        }
    }

    /** The VMs that need leases. */
    public List<VmIdentity> vms() {
        lock.lock();
        try {
            List<VmIdentity> all = new ArrayList<>();
            held.values().forEach(one -> all.add(one.vm));
            return all;
        } finally {
            lock.unlock();
        }
    }
}
