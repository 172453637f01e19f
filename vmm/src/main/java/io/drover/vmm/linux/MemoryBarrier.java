package io.drover.vmm.linux;

/** A fence that one thread pays for, so that all others need none. */
public final class MemoryBarrier {
    /** linux/membarrier.h. */
    private static final long MEMBARRIER_CMD_GLOBAL = 1;

    private MemoryBarrier() {}

    /**
     * membarrier(2): when this returns, every thread has gone through a full fence. Takes up to some tens of milliseconds. Where
     * the kernel has no such call nothing happens: a CPU's writes reach memory within a microsecond anyway.
     */
    public static void onAllThreads() {
        SystemCall.invoke(SystemCall.MEMBARRIER, MEMBARRIER_CMD_GLOBAL, 0, 0);
    }
}
