package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** seccomp(2). */
public final class SystemCallFilter {
    /** linux/prctl.h. */
    private static final long PR_SET_NO_NEW_PRIVS = 38;
    /** linux/seccomp.h. */
    private static final long SECCOMP_SET_MODE_FILTER = 1;
    private static final long ALL_THREADS = 1;
    /**
     * Linux before 5.16 would switch off speculative store bypass for the process, which costs compiled code a good part
     * of its speed: that is for processes that run somebody else's code beside their secrets, and guests do not run in
     * this one's.
     */
    private static final long KEEP_SPECULATION = 4;
    /** {@code struct sock_filter}. */
    private static final int INSTRUCTION_BYTES = 8;
    /** {@code struct sock_fprog} (linux/filter.h): a 16-bit count, padding, an address. */
    private static final long FPROG_BYTES = 16;
    private static final long FPROG_ADDRESS = 8;

    private SystemCallFilter() {}

    /**
     * Sets no-new-privileges and adds a filter, for all threads of the process. Neither can be undone.
     *
     * @param program
     *            of classic BPF
     */
    public static void install(byte[] program) throws SystemCallException {
        checked("prctl", "PR_SET_NO_NEW_PRIVS",
                SystemCall.invoke(SystemCall.PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment instructions = arena.allocate(program.length, Long.BYTES)
                    .copyFrom(MemorySegment.ofArray(program));
            MemorySegment header = arena.allocate(FPROG_BYTES, Long.BYTES);
            header.set(ValueLayout.JAVA_SHORT, 0, (short) (program.length / INSTRUCTION_BYTES));
            header.set(ValueLayout.JAVA_LONG, FPROG_ADDRESS, instructions.address());
            long result = SystemCall.invoke(SystemCall.SECCOMP, SECCOMP_SET_MODE_FILTER, ALL_THREADS | KEEP_SPECULATION,
                    header.address());
            if (result > 0) {
                // The thread that could not be brought to it: one with a filter of its own, of which there is none here.
                throw new SystemCallException("seccomp", "thread " + result, Errno.EBUSY);
            }
            checked("seccomp", "SECCOMP_SET_MODE_FILTER", result);
        }
    }

    private static void checked(String call, String arguments, long result) throws SystemCallException {
        if (result < 0) {
            throw new SystemCallException(call, arguments, (int) -result);
        }
    }
}
