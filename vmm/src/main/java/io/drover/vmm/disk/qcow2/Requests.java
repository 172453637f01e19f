package io.drover.vmm.disk.qcow2;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The calls under way. Those that leave the mapping of their clusters as it is share them; one that changes it has them
 * alone. So nobody reads or writes a host cluster that has been given up and is something else by now, and no cluster is
 * allocated twice.
 */
final class Requests {
    private static final int INITIAL = 8;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    /** The first {@code active} are under way, the others wait to be used again. */
    private Request[] all = new Request[INITIAL];
    private int active;

    /** Waits until it may go on. Clusters are numbered from the disk's start, the last is included. */
    Request begin(long firstCluster, long lastCluster, boolean exclusive) {
        lock.lock();
        try {
            while (conflicts(firstCluster, lastCluster, exclusive)) {
                ended.awaitUninterruptibly();
            }
            if (active == all.length) {
                Request[] more = new Request[2 * active];
                System.arraycopy(all, 0, more, 0, active);
                all = more;
            }
            if (all[active] == null) {
                all[active] = new Request();
            }
            Request request = all[active++];
            request.firstCluster = firstCluster;
            request.lastCluster = lastCluster;
            request.exclusive = exclusive;
            return request;
        } finally {
            lock.unlock();
        }
    }

    void end(Request request) {
        lock.lock();
        try {
            int index = 0;
            while (all[index] != request) {
                index++;
            }
            active--;
            all[index] = all[active];
            all[active] = request;
            if (lock.hasWaiters(ended)) {
                ended.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean conflicts(long firstCluster, long lastCluster, boolean exclusive) {
        for (int index = 0; index < active; index++) {
            Request other = all[index];
            if ((exclusive || other.exclusive) && firstCluster <= other.lastCluster
                    && other.firstCluster <= lastCluster) {
                return true;
            }
        }
        return false;
    }
}
