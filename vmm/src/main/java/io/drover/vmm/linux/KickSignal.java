package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The signal that gets a thread out of a blocking call without any handler: it is blocked in the thread at all times, so that it
 * only ever waits to be consumed, except within a call that is told to let it in (KVM_SET_SIGNAL_MASK) and returns EINTR.
 *
 * <p>
 * An upcall from a handler into the JVM would not be safe at all, and a handler of libc's would still be a process-wide choice.
 */
public final class KickSignal {
    /** The first real-time signal that glibc leaves to programs; the JVM uses none of them. */
    private static final int NUMBER = 34;
    private static final long SET = 1L << (NUMBER - 1);
    /** Of the kernel's sigset_t. */
    private static final long SET_BYTES = 8;
    /** asm-generic/signal-defs.h. */
    private static final long SIG_BLOCK = 0;
    private static final long PROCESS = SystemCall.invoke(SystemCall.GETPID, 0, 0, 0);

    private KickSignal() {}

    /**
     * Blocks the signal in the calling platform thread, for the rest of its life.
     *
     * @return the thread's signal mask without the kick signal: what a call that may be kicked runs under
     */
    public static long block() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sets = arena.allocate(2 * SET_BYTES, SET_BYTES);
            sets.set(ValueLayout.JAVA_LONG, 0, SET);
            long result = SystemCall.invoke(SystemCall.RT_SIGPROCMASK, SIG_BLOCK, sets.address(),
                    sets.address() + SET_BYTES, SET_BYTES, 0, 0);
            if (result < 0) {
                throw new SystemCallException("rt_sigprocmask", "SIG_BLOCK, " + NUMBER, (int) -result);
            }
            return sets.get(ValueLayout.JAVA_LONG, SET_BYTES) & ~SET;
        }
    }

    /** Kernel's number of the calling platform thread, for {@link #send}. */
    public static int currentThread() {
        return (int) SystemCall.invoke(SystemCall.GETTID, 0, 0, 0);
    }

    /** Sends the signal to a thread of this process that has it blocked and has not ended. */
    public static void send(int thread) {
        long result = SystemCall.invoke(SystemCall.TGKILL, PROCESS, thread, NUMBER);
        if (result < 0) {
            throw new IllegalStateException("tgkill(" + thread + ") failed: " + Errno.describe((int) -result));
        }
    }

    /** Takes the signals that wait for one thread. Owned by that thread; keeps what the call needs, to allocate nothing. */
    public static final class Drain {
        private final MemorySegment setAndTimeout;

        public Drain(Arena arena) {
            setAndTimeout = arena.allocate(SET_BYTES + 16, 8);
            setAndTimeout.set(ValueLayout.JAVA_LONG, 0, SET);
        }

        /** Consumes every kick that has come for the calling thread so far. */
        public void run() {
            long result;
            do {
                result = SystemCall.invoke(SystemCall.RT_SIGTIMEDWAIT, setAndTimeout.address(), 0,
                        setAndTimeout.address() + SET_BYTES, SET_BYTES, 0, 0);
            } while (result > 0 || result == -Errno.EINTR);
        }
    }
}
