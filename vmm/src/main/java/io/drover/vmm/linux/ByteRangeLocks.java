package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Shared locks on single bytes that belong to the open file: fcntl(2), F_OFD_SETLK. */
public final class ByteRangeLocks {
    /** fcntl.h. */
    private static final int F_OFD_GETLK = 36;
    private static final int F_OFD_SETLK = 37;
    private static final short F_RDLCK = 0;
    private static final short F_WRLCK = 1;
    private static final short F_UNLCK = 2;
    private static final short SEEK_SET = 0;
    /** struct flock: short l_type, short l_whence, four bytes of padding, off_t l_start, off_t l_len, pid_t l_pid. */
    private static final long FLOCK_BYTES = 32;
    private static final long WHENCE_OFFSET = 2;
    private static final long START_OFFSET = 8;
    private static final long LENGTH_OFFSET = 16;

    private ByteRangeLocks() {}

    /** Takes a shared lock on a byte, which any number may have at once, until the file is closed. */
    public static void share(FileHandle file, long offset) throws SystemCallException {
        lock(file, F_OFD_SETLK, F_RDLCK, offset);
    }

    /** Gives a lock of this open file's up; does nothing when it has none there. */
    public static void release(FileHandle file, long offset) throws SystemCallException {
        lock(file, F_OFD_SETLK, F_UNLCK, offset);
    }

    /** Whether any other open file has the byte locked. */
    public static boolean isSharedByOthers(FileHandle file, long offset) throws SystemCallException {
        return lock(file, F_OFD_GETLK, F_WRLCK, offset) != F_UNLCK;
    }

    private static short lock(FileHandle file, int command, short type, long offset) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flock = arena.allocate(FLOCK_BYTES, 8);
            flock.set(ValueLayout.JAVA_SHORT, 0, type);
            flock.set(ValueLayout.JAVA_SHORT, WHENCE_OFFSET, SEEK_SET);
            flock.set(ValueLayout.JAVA_LONG, START_OFFSET, offset);
            flock.set(ValueLayout.JAVA_LONG, LENGTH_OFFSET, 1);
            file.fcntl(command == F_OFD_SETLK ? "fcntl(F_OFD_SETLK)" : "fcntl(F_OFD_GETLK)", command, flock);
            return flock.get(ValueLayout.JAVA_SHORT, 0);
        }
    }
}
