package io.drover.agent.console;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.UnsafeByteOperations;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The serial console of a VM, as its sessions see it: one output that all of them get, beginning with the scrollback,
 * and one input that all of them type into. It lasts as long as the VM is on this host, over reboots of the guest.
 * Safe for all threads.
 */
public final class Console {
    /** What a session that attaches is shown of the past. */
    public static final int SCROLLBACK_BYTES = 64 * 1024;
    /** How far a session may lag behind before it loses output. */
    static final int SESSION_BYTES = 256 * 1024;
    /** How much may be typed ahead of the guest. */
    static final int INPUT_BYTES = 64 * 1024;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition inputChanged = lock.newCondition();
    @GuardedBy("lock")
    private final ByteRing scrollback = new ByteRing(SCROLLBACK_BYTES);
    @GuardedBy("lock")
    private final Set<Session> sessions = new LinkedHashSet<>();
    @GuardedBy("lock")
    private final ArrayDeque<byte[]> input = new ArrayDeque<>();
    @GuardedBy("lock")
    private int inputBytes;
    @GuardedBy("lock")
    private boolean ended;

    /** Hands on what the guest printed. Never blocks for a slow session. */
    public void output(byte[] bytes, int offset, int length) {
        List<Session> woken;
        lock.lock();
        try {
            scrollback.append(bytes, offset, length);
            for (Session session : sessions) {
                session.lost += session.pending.append(bytes, offset, length);
            }
            woken = List.copyOf(sessions);
        } finally {
            lock.unlock();
        }
        woken.forEach(session -> session.whenReadable.run());
    }

    /** Tells the sessions that so many bytes were printed and cannot be shown. */
    public void lost(long bytes) {
        lock.lock();
        try {
            for (Session session : sessions) {
                session.lost += bytes;
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Attaches a session.
     *
     * @param whenReadable called, with no lock held and from any thread, when {@link Session#poll} may have something
     *        new
     */
    public Session attach(boolean skipScrollback, Runnable whenReadable) {
        lock.lock();
        try {
            Session session = new Session(whenReadable);
            if (!skipScrollback) {
                byte[] past = scrollback.snapshot();
                session.pending.append(past, 0, past.length);
            }
            sessions.add(session);
            return session;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Types {@code bytes}, waiting while the guest is that far behind.
     *
     * @return false when the guest did not read within {@code patience}, or the run has ended: the bytes are dropped
     */
    public boolean type(byte[] bytes, Duration patience) throws InterruptedException {
        long left = patience.toNanos();
        lock.lockInterruptibly();
        try {
            while (!ended && inputBytes > 0 && inputBytes + bytes.length > INPUT_BYTES) {
                if (left <= 0) {
                    return false;
                }
                left = inputChanged.awaitNanos(left);
            }
            if (ended) {
                return false;
            }
            input.add(bytes.clone());
            inputBytes += bytes.length;
            inputChanged.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for something typed; empty once the run has ended. For the one thread that writes to the guest. */
    public Optional<byte[]> takeInput() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!ended && input.isEmpty()) {
                inputChanged.await();
            }
            if (ended) {
                return Optional.empty();
            }
            byte[] taken = input.remove();
            inputBytes -= taken.length;
            inputChanged.signalAll();
            return Optional.of(taken);
        } finally {
            lock.unlock();
        }
    }

    /** What is shown of the past now. */
    public byte[] scrollback() {
        lock.lock();
        try {
            return scrollback.snapshot();
        } finally {
            lock.unlock();
        }
    }

    /** The run has ended: sessions get what they have not had yet, then end. */
    public void end() {
        List<Session> woken;
        lock.lock();
        try {
            ended = true;
            inputChanged.signalAll();
            woken = List.copyOf(sessions);
        } finally {
            lock.unlock();
        }
        woken.forEach(session -> session.whenReadable.run());
    }

    /** One attached session. Its output waits in a buffer of its own, so that it holds up nobody else. */
    public final class Session implements AutoCloseable {
        private final Runnable whenReadable;
        // Both are guarded by the console's lock.
        private final ByteRing pending = new ByteRing(SESSION_BYTES);
        private long lost;

        private Session(Runnable whenReadable) {
            this.whenReadable = whenReadable;
        }

        /** The next piece, of at most {@code maxBytes}; empty when there is none now. */
        public Optional<ConsoleChunk> poll(int maxBytes) {
            lock.lock();
            try {
                if (pending.length() == 0 && lost == 0) {
                    return Optional.empty();
                }
                ConsoleChunk chunk = new ConsoleChunk(lost, UnsafeByteOperations.unsafeWrap(pending.take(maxBytes)));
                lost = 0;
                return Optional.of(chunk);
            } finally {
                lock.unlock();
            }
        }

        /** Whether the run has ended and everything has been polled. */
        public boolean isFinished() {
            lock.lock();
            try {
                return ended && pending.length() == 0 && lost == 0;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                sessions.remove(this);
            } finally {
                lock.unlock();
            }
        }
    }
}
