package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * syscall(2), the one function of libc that is called. Each further shape of downcall costs 4-5 ms of start-up, and this one is
 * as fast as a call of ioctl itself (measured, docs/performance.md).
 *
 * <p>
 * Not a {@code critical} downcall, so that a thread within it, perhaps in KVM_RUN for hours, never holds up the garbage
 * collector.
 */
final class SystemCall {
    /** asm/unistd_64.h. */
    static final long READ = 0;
    static final long WRITE = 1;
    static final long FSTAT = 5;
    static final long POLL = 7;
    static final long LSEEK = 8;
    static final long MMAP = 9;
    static final long MUNMAP = 11;
    static final long RT_SIGPROCMASK = 14;
    static final long IOCTL = 16;
    static final long READV = 19;
    static final long WRITEV = 20;
    static final long MADVISE = 28;
    static final long GETPID = 39;
    static final long SOCKET = 41;
    static final long CONNECT = 42;
    static final long SHUTDOWN = 48;
    static final long BIND = 49;
    static final long LISTEN = 50;
    static final long SENDMSG = 46;
    static final long RECVMSG = 47;
    static final long GETSOCKNAME = 51;
    static final long SOCKETPAIR = 53;
    static final long SETSOCKOPT = 54;
    static final long FCNTL = 72;
    static final long FSYNC = 74;
    static final long FDATASYNC = 75;
    static final long FTRUNCATE = 77;
    static final long UMASK = 95;
    static final long RT_SIGTIMEDWAIT = 128;
    static final long FSTATFS = 138;
    static final long PRCTL = 157;
    static final long GETTID = 186;
    static final long SCHED_SETAFFINITY = 203;
    static final long TGKILL = 234;
    static final long MBIND = 237;
    static final long CLOCK_GETTIME = 228;
    static final long EPOLL_WAIT = 232;
    static final long EPOLL_CTL = 233;
    static final long OPENAT = 257;
    static final long TIMERFD_CREATE = 283;
    static final long FALLOCATE = 285;
    static final long TIMERFD_SETTIME = 286;
    static final long ACCEPT4 = 288;
    static final long EVENTFD2 = 290;
    static final long EPOLL_CREATE1 = 291;
    static final long PREADV = 295;
    static final long PWRITEV = 296;
    static final long SECCOMP = 317;
    static final long GETRANDOM = 318;
    static final long MEMFD_CREATE = 319;
    static final long MEMBARRIER = 324;
    static final long CLOSE = 3;

    static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
    /** All that Linux captures. SystemCallTest compares it with the layout, which would be slow to ask at each start. */
    static final long ERRNO_OFFSET = 0;
    private static final MethodHandle SYSCALL = bind();
    private static final CapturedErrno ERRNO = new CapturedErrno();

    private SystemCall() {}

    /**
     * Calls the kernel.
     *
     * @return what the call returned, or the negative error number: from -4095 to -1, see {@link Errno}
     */
    static long invoke(long number, long first, long second, long third, long fourth, long fifth, long sixth) {
        MemorySegment errno = ERRNO.get();
        long result;
        try {
            result = (long) SYSCALL.invokeExact(errno, number, first, second, third, fourth, fifth, sixth);
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
        return result == -1 ? -errno.get(ValueLayout.JAVA_INT, ERRNO_OFFSET) : result;
    }

    static long invoke(long number, long first, long second, long third) {
        return invoke(number, first, second, third, 0, 0, 0);
    }

    private static MethodHandle bind() {
        Linker linker = Linker.nativeLinker();
        ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
        FunctionDescriptor shape = FunctionDescriptor.of(word, word, word, word, word, word, word, word);
        // long syscall(long number, ...)
        return linker.downcallHandle(linker.defaultLookup().findOrThrow("syscall"), shape,
                Linker.Option.firstVariadicArg(1), Linker.Option.captureCallState("errno"));
    }

    /** One buffer per thread: with a shared one, threads were measured to read each other's errors. */
    private static final class CapturedErrno extends ThreadLocal<MemorySegment> {
        @Override
        protected MemorySegment initialValue() {
            return Arena.ofAuto().allocate(CAPTURED);
        }
    }
}
