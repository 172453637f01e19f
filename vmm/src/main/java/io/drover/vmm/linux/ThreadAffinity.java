package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** sched_setaffinity(2). */
public final class ThreadAffinity {
    /** More than Linux on x86-64 can have (CONFIG_NR_CPUS is 8192 at most). */
    public static final int MAX_CPU = 8191;
    /** {@code pid_t} of the calling thread. */
    private static final long SELF = 0;

    private ThreadAffinity() {}

    /**
     * The calling thread runs on this CPU of the host and on no other, from now on.
     *
     * @param cpu
     *            0 to {@link #MAX_CPU}
     * @throws SystemCallException
     *             EINVAL when the host has no such CPU, it is off, or the process may not use it
     */
    public static void pin(int cpu) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            long bytes = (MAX_CPU + 1) / Byte.SIZE;
            MemorySegment mask = arena.allocate(bytes, Long.BYTES);
            mask.set(ValueLayout.JAVA_LONG, (long) (cpu / Long.SIZE) * Long.BYTES, 1L << (cpu % Long.SIZE));
            long result = SystemCall.invoke(SystemCall.SCHED_SETAFFINITY, SELF, bytes, mask.address());
            if (result < 0) {
                throw new SystemCallException("sched_setaffinity", "CPU " + cpu, (int) -result);
            }
        }
    }
}
