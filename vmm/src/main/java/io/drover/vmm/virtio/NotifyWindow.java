package io.drover.vmm.virtio;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.bus.Doorbells;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.SystemCallException;

/**
 * Where the driver kicks: a word for each queue (virtio 1.2, 4.1.4.4). Behind each is an event and, while the BAR is mapped and
 * the driver is ready, a doorbell that rings it without leaving the guest. A write that comes here nevertheless rings it as
 * well. Doorbells move with the BAR.
 */
final class NotifyWindow implements IoDevice {
    /** The distance between two queues' words. */
    static final int MULTIPLIER = 4;

    private static final long NOWHERE = -1;

    private final EventFile[] kicks;
    private final Doorbells doorbells;
    @GuardedBy("this")
    private final boolean[] hung;
    /** Of the first queue's word in the guest's address space. */
    @GuardedBy("this")
    private long address = NOWHERE;
    @GuardedBy("this")
    private boolean open;

    NotifyWindow(String name, int queues, Doorbells doorbells) throws SystemCallException {
        this.doorbells = doorbells;
        this.hung = new boolean[queues];
        this.kicks = new EventFile[queues];
        try {
            for (int queue = 0; queue < queues; queue++) {
                kicks[queue] = EventFile.create(name + " kick " + queue);
            }
        } catch (SystemCallException e) {
            close();
            throw e;
        }
    }

    int bytes() {
        return MULTIPLIER * kicks.length;
    }

    /** The events, by queue. */
    EventFile[] kicks() {
        return kicks;
    }

    /** As if every queue had been kicked. */
    synchronized void kickAll() {
        for (EventFile kick : kicks) {
            kick.ring();
        }
    }

    synchronized void mapped(long firstWord) {
        address = firstWord;
        hang();
    }

    synchronized void unmapped() {
        takeDown();
        address = NOWHERE;
    }

    /** The driver is ready: kicks count. */
    synchronized void open() {
        open = true;
        hang();
    }

    /** The driver is not ready any more. */
    synchronized void shut() {
        takeDown();
        open = false;
    }

    @GuardedBy("this")
    private void hang() {
        if (open && address != NOWHERE) {
            for (int queue = 0; queue < kicks.length; queue++) {
                hung[queue] = doorbells.add(address + (long) MULTIPLIER * queue, kicks[queue]);
            }
        }
    }

    @GuardedBy("this")
    private void takeDown() {
        for (int queue = 0; queue < kicks.length; queue++) {
            if (hung[queue]) {
                doorbells.remove(address + (long) MULTIPLIER * queue, kicks[queue]);
                hung[queue] = false;
            }
        }
    }

    @Override
    public long read(long offset, int bytes) {
        return 0;
    }

    /** Under the lock, as the event must not be closed meanwhile; only a kick without a doorbell comes here. */
    @Override
    public synchronized void write(long offset, int bytes, long value) {
        if (offset % MULTIPLIER == 0) {
            kicks[(int) offset / MULTIPLIER].ring();
        }
    }

    /** When no I/O thread runs any more. */
    synchronized void close() {
        for (EventFile kick : kicks) {
            if (kick != null) {
                kick.close();
            }
        }
    }
}
