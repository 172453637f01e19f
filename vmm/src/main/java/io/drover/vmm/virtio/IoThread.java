package io.drover.vmm.virtio;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.Poller;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A platform thread that serves some of a device's queues, from one activation to the next reset. It waits for kicks, for files
 * that its handler wants to know of, and for being told to pause or to stop.
 */
public final class IoThread {
    private static final int STOP = -1;

    /** Hears of a thread's end, on that thread. */
    interface Owner {
        /** The driver has broken the rules. */
        void breached(IoThread thread, String reason);

        /** The handler failed, which is our fault. */
        void failed(IoThread thread, Throwable cause);

        /** Nothing will be touched by it any more. */
        void ended(IoThread thread);
    }

    private final QueueHandler handler;
    private final List<Virtqueue> queues;
    private final EventFile[] kicks;
    private final BusMaster busMaster;
    private final Owner owner;
    private final Poller poller;
    private final EventFile stop;
    private final Thread thread;
    private volatile boolean stopping;
    private final Object gate = new Object();
    @GuardedBy("gate")
    private boolean paused;
    /** Whether the thread waits at the gate, or has ended. */
    @GuardedBy("gate")
    private boolean still;
    /** Who is told when it is at no request. */
    @GuardedBy("gate")
    private final List<Runnable> waiting = new ArrayList<>();
    /** Whether somebody is. */
    private volatile boolean awaited;

    /**
     * A thread that is not started.
     *
     * @param kicks
     *            of every queue of the device, by number; rung also when the bus master is let again
     */
    IoThread(String name, QueueHandler handler, List<Virtqueue> queues, EventFile[] kicks, BusMaster busMaster,
            Owner owner) throws IOException {
        this.handler = handler;
        this.queues = List.copyOf(queues);
        this.kicks = kicks;
        this.busMaster = busMaster;
        this.owner = owner;
        this.poller = Poller.create();
        EventFile created = null;
        try {
            created = EventFile.create(name + " stop");
            poller.addRings(created, STOP);
            for (int i = 0; i < this.queues.size(); i++) {
                // Nobody takes them: that would be a system call for each kick.
                poller.addRings(kicks[this.queues.get(i).number()], i);
            }
        } catch (IOException e) {
            if (created != null) {
                created.close();
            }
            poller.close();
            throw e;
        }
        this.stop = created;
        this.thread = Thread.ofPlatform().name(name).unstarted(new Body());
    }

    /**
     * Calls the handler whenever a file can be read. While the driver is being made ready only.
     *
     * @param source
     *            what the handler knows it by: 0 or more
     */
    public void watch(FileHandle file, int source) throws IOException {
        poller.add(file, queues.size() + source);
    }

    /**
     * Calls the handler each time that a file has become able to be read or written, and at once if it is. While the driver is
     * being made ready, or on this thread.
     */
    public void watchChanges(FileHandle file, int source) throws IOException {
        poller.addChanges(file, queues.size() + source);
    }

    /** Takes each change of a file, as {@link #watchChanges} does, for a kick of one of this thread's queues. */
    public void watchAsKick(FileHandle file, Virtqueue queue) throws IOException {
        poller.addChanges(file, queues.indexOf(queue));
    }

    /**
     * Whether the guest lets the device touch its memory, for a handler that is ready for something else than a kick. Every queue
     * is taken as kicked when it does again.
     */
    public boolean mayTouchMemory() {
        return busMaster.isAllowed();
    }

    /** As {@link #watch(FileHandle, int)}; the handler takes the rings. */
    public void watch(EventFile event, int source) throws IOException {
        poller.add(event, queues.size() + source);
    }

    void start() {
        thread.start();
    }

    /** Tells it to stop, and does not wait. */
    void stop() {
        stopping = true;
        hold(true);
        synchronized (gate) {
            gate.notifyAll();
        }
        stop.ring();
    }

    /** Tells it to begin nothing more until {@link #resume}, and does not wait: {@link #awaitStill} does. */
    void pause() {
        synchronized (gate) {
            paused = true;
        }
        hold(true);
        stop.ring();
    }

    /**
     * Waits until the thread, having been paused, has ended what it was at.
     *
     * @return false when it has not in time
     */
    boolean awaitStill(long untilNanos) throws InterruptedException {
        synchronized (gate) {
            while (!still) {
                long left = untilNanos - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                TimeUnit.NANOSECONDS.timedWait(gate, left);
            }
            return true;
        }
    }

    /**
     * Calls back once the thread has been at no request since this call: on that thread between two of them, or at once on this
     * one when it stands still or has ended.
     */
    void whenIdle(Runnable then) {
        synchronized (gate) {
            if (!still) {
                waiting.add(then);
                awaited = true;
                stop.ring();
                return;
            }
        }
        then.run();
    }

    /** Lets it go on. */
    void resume() {
        if (!stopping) {
            hold(false);
        }
        synchronized (gate) {
            paused = false;
            gate.notifyAll();
        }
    }

    private void hold(boolean held) {
        for (Virtqueue queue : queues) {
            queue.hold(held);
        }
    }

    /** Tells those who wait for it to be at no request, and waits while it is paused. */
    private void passGate() {
        boolean waited = false;
        boolean interrupted = false;
        while (true) {
            waited |= tellWaiting();
            synchronized (gate) {
                if (awaited) {
                    continue;
                }
                still = paused && !stopping;
                if (!still) {
                    break;
                }
                waited = true;
                gate.notifyAll();
                try {
                    gate.wait();
                } catch (InterruptedException expected) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (waited) {
            // Kicks were taken and not heeded.
            for (Virtqueue queue : queues) {
                kicks[queue.number()].ring();
            }
        }
    }

    /** Whether there was anybody. */
    private boolean tellWaiting() {
        if (!awaited) {
            return false;
        }
        List<Runnable> told;
        synchronized (gate) {
            told = List.copyOf(waiting);
            waiting.clear();
            awaited = false;
        }
        told.forEach(Runnable::run);
        return true;
    }

    private void ended() {
        synchronized (gate) {
            still = true;
            gate.notifyAll();
        }
        tellWaiting();
        owner.ended(this);
    }

    /** Gives back what it holds without ever having run. */
    void discard() {
        handler.close();
        poller.close();
        stop.close();
    }

    /** Closes what {@link #stop} uses: under the same lock as that, after the thread has told that it has ended. */
    void release() {
        stop.close();
    }

    /**
     * Waits until the thread has ended: as long as its last request takes.
     *
     * @return whether the calling thread was interrupted meanwhile
     */
    boolean joinUninterruptibly() {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException expected) {
                interrupted = true;
            }
        }
        return interrupted;
    }

    private void serve() throws QueueBreachException, IOException {
        // A device that goes on where another stood begins paused.
        passGate();
        // There may have been kicks before anybody waited for them.
        for (Virtqueue queue : queues) {
            serve(queue);
        }
        while (!stopping) {
            passGate();
            int ready = poller.await();
            for (int i = 0; i < ready && !stopping; i++) {
                int source = poller.source(i);
                if (source >= queues.size()) {
                    handler.ready(source - queues.size());
                } else if (source != STOP) {
                    serve(queues.get(source));
                }
            }
        }
    }

    private void serve(Virtqueue queue) throws QueueBreachException {
        while (!stopping && !awaited && busMaster.isAllowed() && handler.kicked(queue)) {
            // There is more.
        }
    }

    private final class Body implements Runnable {
        @Override
        public void run() {
            try {
                serve();
            } catch (QueueBreachException e) {
                owner.breached(IoThread.this, e.getMessage());
            } catch (Throwable e) {
                owner.failed(IoThread.this, e);
            } finally {
                handler.close();
                poller.close();
                IoThread.this.ended();
            }
        }
    }
}
