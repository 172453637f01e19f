package io.drover.vmm.machine;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.log.Log;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One thread that opens, closes and enlarges devices, one after the other, since that may take as long as the host's storage
 * takes. It is there once there is something to do.
 */
final class DeviceWorker implements AutoCloseable {
    private final Log log;
    /** Held by whoever changes devices, or wants them to stay. */
    private final ReentrantLock turn = new ReentrantLock();
    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    @GuardedBy("this")
    private Optional<Thread> thread = Optional.empty();
    @GuardedBy("this")
    private boolean closed;

    DeviceWorker(Log log) {
        this.log = log;
    }

    /** Any thread; does not wait. After {@link #close} nothing is done. */
    synchronized void execute(Runnable task) {
        if (closed) {
            return;
        }
        tasks.add(task);
        if (thread.isEmpty()) {
            thread = Optional.of(Thread.ofPlatform().name("devices").start(this::run));
        }
    }

    /**
     * Has devices stay as they are, once what is under way has ended, until the calling thread calls {@link #release}.
     *
     * @return false when that has not ended in time
     */
    boolean hold(Duration deadline) throws InterruptedException {
        return turn.tryLock(deadline.toNanos(), TimeUnit.NANOSECONDS);
    }

    void release() {
        turn.unlock();
    }

    private void run() {
        while (true) {
            Runnable task;
            try {
                task = tasks.take();
            } catch (InterruptedException expected) {
                return;
            }
            if (task instanceof Last) {
                return;
            }
            turn.lock();
            try {
                task.run();
            } catch (RuntimeException e) {
                log.error("a device could not be changed", e);
            } finally {
                turn.unlock();
            }
        }
    }

    /** Waits for what is under way; what waits is never done. */
    @Override
    public void close() {
        Optional<Thread> last;
        synchronized (this) {
            closed = true;
            tasks.clear();
            tasks.add(new Last());
            last = thread;
        }
        boolean interrupted = false;
        while (last.isPresent() && last.get().isAlive()) {
            try {
                last.get().join();
            } catch (InterruptedException expected) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private record Last() implements Runnable {
        @Override
        public void run() {
            // The thread ends instead.
        }
    }
}
