package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * An open file descriptor. Calls after {@link #close} fail with EBADF; a call may not be under way on another thread while it
 * is closed, since the kernel gives the number away again.
 */
public final class FileHandle implements AutoCloseable {
    /** fcntl.h. */
    private static final long AT_FDCWD = -100;
    private static final long O_RDONLY = 0;
    private static final long O_RDWR = 2;
    private static final long O_CREAT_EXCL = 0xC0;
    private static final long O_NONBLOCK = 0x800;
    private static final long O_CLOEXEC = 0x80000;
    private static final long READ_WRITE_BY_ALL = 0666;
    /** unistd.h. */
    private static final long SEEK_END = 2;
    private static final long SEEK_DATA = 3;
    private static final long SEEK_HOLE = 4;
    /** linux/falloc.h. */
    private static final long FALLOC_FL_KEEP_SIZE = 1;
    private static final long FALLOC_FL_PUNCH_HOLE = 2;
    private static final long FALLOC_FL_ZERO_RANGE = 16;
    /** linux/memfd.h. */
    private static final long MFD_CLOEXEC = 1;
    private static final long MFD_HUGETLB = 4;
    /** The page's size goes above this bit, as the power of two (asm-generic/hugetlb_encode.h). */
    private static final int MFD_HUGE_SHIFT = 26;
    /** sys/mman.h. */
    private static final long PROT_READ_WRITE = 3;
    private static final long MAP_SHARED = 1;
    /** {@code struct stat} (asm/stat.h), and in it the number of blocks of 512 bytes. */
    private static final long STAT_BYTES = 144;
    private static final long STAT_BLOCKS = 64;
    private static final long STAT_BLOCK_BYTES = 512;
    /** {@code struct statfs} (asm-generic/statfs.h), and in it the size of a block. */
    private static final long STATFS_BYTES = 120;
    private static final long STATFS_BLOCK_BYTES = 8;

    private static final int CLOSED = -1;

    private final String name;
    private final AtomicInteger number;

    private FileHandle(String name, int number) {
        this.name = name;
        this.number = new AtomicInteger(number);
    }

    /** open(2), for reading and writing. */
    public static FileHandle open(Path path) throws SystemCallException {
        return open(path, O_RDWR);
    }

    /** open(2), for reading. */
    public static FileHandle openReadOnly(Path path) throws SystemCallException {
        return open(path, O_RDONLY);
    }

    /** open(2), for reading and writing a device, neither of which waits: they fail with EAGAIN instead. */
    public static FileHandle openNonBlocking(Path path) throws SystemCallException {
        return open(path, O_RDWR | O_NONBLOCK);
    }

    /** open(2): makes an empty file, to be read and written. Fails with EEXIST where there is one. */
    public static FileHandle create(Path path) throws SystemCallException {
        return open(path, O_RDWR | O_CREAT_EXCL);
    }

    private static FileHandle open(Path path, long flags) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            long opened = SystemCall.invoke(SystemCall.OPENAT, AT_FDCWD, arena.allocateFrom(path.toString()).address(),
                    flags | O_CLOEXEC, READ_WRITE_BY_ALL, 0, 0);
            return new FileHandle(path.toString(), (int) checked("open", path.toString(), opened));
        }
    }

    /**
     * memfd_create(2): a file of zeros in memory, with no name in any folder. Pages take memory when they are first touched.
     *
     * @param name
     *            shown in /proc/self/maps
     */
    public static FileHandle memory(String name, long bytes) throws SystemCallException {
        return memory(name, bytes, 0);
    }

    /**
     * memfd_create(2) with MFD_HUGETLB: as {@link #memory}, of pages that the host has set aside. Whoever maps it reserves what
     * it maps, or fails with ENOMEM where there are not enough.
     *
     * @param pageBytes
     *            a power of two; a size that the host has not fails with ENODEV or ENOENT
     */
    public static FileHandle hugeMemory(String name, long bytes, long pageBytes) throws SystemCallException {
        return memory(name, bytes,
                MFD_HUGETLB | ((long) Long.numberOfTrailingZeros(pageBytes) << MFD_HUGE_SHIFT));
    }

    private static FileHandle memory(String name, long bytes, long flags) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            long created = SystemCall.invoke(SystemCall.MEMFD_CREATE, arena.allocateFrom(name).address(),
                    MFD_CLOEXEC | flags, 0);
            FileHandle file = new FileHandle(name, (int) checked("memfd_create", name, created));
            try {
                checked("ftruncate", name + ", " + bytes,
                        SystemCall.invoke(SystemCall.FTRUNCATE, file.number.get(), bytes, 0));
                return file;
            } catch (SystemCallException e) {
                file.close();
                throw e;
            }
        }
    }

    /** Takes over a descriptor that a call on another one returned, as KVM_CREATE_VM does. */
    public static FileHandle adopt(String name, long number) {
        return new FileHandle(name, (int) number);
    }

    /**
     * ioctl(2), for those who look at errors themselves. Allocates nothing.
     *
     * @param argument
     *            a number or the address of what must stay allocated until this returns
     * @return what it returned, or the negative error number
     */
    public long ioctl(long request, long argument) {
        return SystemCall.invoke(SystemCall.IOCTL, number.get(), request, argument);
    }

    /**
     * ioctl(2) with a number.
     *
     * @param call
     *            its name
     * @param arguments
     *            for the message
     */
    public long ioctl(String call, String arguments, long request, long argument) throws SystemCallException {
        return checked(call, arguments, ioctl(request, argument));
    }

    /** ioctl(2) with a struct. */
    public long ioctl(String call, String arguments, long request, MemorySegment argument) throws SystemCallException {
        return checked(call, arguments, ioctl(request, argument.address()));
    }

    /** fcntl(2) with a struct. */
    void fcntl(String call, long command, MemorySegment argument) throws SystemCallException {
        checked(call, name, SystemCall.invoke(SystemCall.FCNTL, number.get(), command, argument.address()));
    }

    /**
     * mmap(2), shared, to be read and written.
     *
     * @param arena
     *            unmaps it when it is closed; outlives this handle
     */
    public MemorySegment map(long bytes, Arena arena) throws SystemCallException {
        long address = checked("mmap", name + ", " + bytes + " bytes",
                SystemCall.invoke(SystemCall.MMAP, 0, bytes, PROT_READ_WRITE, MAP_SHARED, number.get(), 0));
        return MemorySegment.ofAddress(address).reinterpret(bytes, arena, new Unmap(bytes));
    }

    /** lseek(2): bytes of the file or block device. Nothing here uses the position. */
    public long size() throws SystemCallException {
        return checked("lseek", name, SystemCall.invoke(SystemCall.LSEEK, number.get(), 0, SEEK_END));
    }

    /**
     * lseek(2) with SEEK_DATA: where the file has no hole.
     *
     * @return at least {@code from}; the file's size when there are only holes behind that
     */
    public long nextData(long from) throws SystemCallException {
        long result = SystemCall.invoke(SystemCall.LSEEK, number.get(), from, SEEK_DATA);
        return result == -Errno.ENXIO ? size() : checked("lseek", name + ", data from " + from, result);
    }

    /**
     * lseek(2) with SEEK_HOLE: where data ends.
     *
     * @return at least {@code from}; the file's size when there is no hole behind that
     */
    public long nextHole(long from) throws SystemCallException {
        long result = SystemCall.invoke(SystemCall.LSEEK, number.get(), from, SEEK_HOLE);
        return result == -Errno.ENXIO ? size() : checked("lseek", name + ", hole from " + from, result);
    }

    /** fstat(2): bytes of the disk, or of memory, that the file takes; holes take none. */
    public long allocatedBytes() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stat = arena.allocate(STAT_BYTES, Long.BYTES);
            long file = number.get();
            checked("fstat", name, SystemCall.invoke(SystemCall.FSTAT, file, stat.address(), 0));
            return stat.get(ValueLayout.JAVA_LONG, STAT_BLOCKS) * STAT_BLOCK_BYTES;
        }
    }

    /** fstatfs(2): in units of how many bytes a file in memory takes and gives back its space; a huge page's, if it has those. */
    public long blockBytes() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stat = arena.allocate(STATFS_BYTES, Long.BYTES);
            long file = number.get();
            checked("fstatfs", name, SystemCall.invoke(SystemCall.FSTATFS, file, stat.address(), 0));
            return stat.get(ValueLayout.JAVA_LONG, STATFS_BLOCK_BYTES);
        }
    }

    /** ftruncate(2). */
    public void setSize(long bytes) throws SystemCallException {
        checked("ftruncate", name + ", " + bytes, SystemCall.invoke(SystemCall.FTRUNCATE, number.get(), bytes, 0));
    }

    /**
     * preadv(2), once. Allocates nothing.
     *
     * @return bytes read, 0 at the end of the file, or the negative error number
     */
    public long read(long offset, IoVector into) {
        try {
            return SystemCall.invoke(SystemCall.PREADV, number.get(), into.address(), into.count(), offset, 0, 0);
        } finally {
            // The kernel has addresses only, which do not keep the memory alive.
            Reference.reachabilityFence(into);
        }
    }

    /**
     * pwritev(2), once. Allocates nothing.
     *
     * @return bytes written, or the negative error number
     */
    public long write(long offset, IoVector from) {
        try {
            return SystemCall.invoke(SystemCall.PWRITEV, number.get(), from.address(), from.count(), offset, 0, 0);
        } finally {
            Reference.reachabilityFence(from);
        }
    }

    /**
     * readv(2), once: of a stream or a device that has no offsets. Allocates nothing.
     *
     * @return bytes read, 0 at the end, or the negative error number
     */
    public long readStream(IoVector into) {
        return SystemCall.invoke(SystemCall.READV, number.get(), into.address(), into.count());
    }

    /**
     * writev(2), once: to a stream or a device that has no offsets. Allocates nothing.
     *
     * @return bytes written, or the negative error number: -EPIPE when nobody will read them
     */
    public long writeStream(IoVector from) {
        return SystemCall.invoke(SystemCall.WRITEV, number.get(), from.address(), from.count());
    }

    /**
     * fdatasync(2): what was written, and the size, are on the medium.
     *
     * @return 0 or the negative error number
     */
    public long syncData() {
        return SystemCall.invoke(SystemCall.FDATASYNC, number.get(), 0, 0);
    }

    /** fsync(2). Of a folder, it makes the names in it durable. */
    public void sync() throws SystemCallException {
        checked("fsync", name, SystemCall.invoke(SystemCall.FSYNC, number.get(), 0, 0));
    }

    /**
     * fallocate(2) with FALLOC_FL_PUNCH_HOLE: gives the space back; the bytes read as zero and the size stays.
     *
     * @return 0 or the negative error number
     */
    public long punchHole(long offset, long length) {
        return SystemCall.invoke(SystemCall.FALLOCATE, number.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
                length, 0, 0);
    }

    /**
     * fallocate(2) with FALLOC_FL_ZERO_RANGE: the bytes read as zero, their space is kept or taken.
     *
     * @return 0 or the negative error number
     */
    public long zeroRange(long offset, long length) {
        return SystemCall.invoke(SystemCall.FALLOCATE, number.get(), FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset,
                length, 0, 0);
    }

    /** The kernel's number of it, for calls of this package. */
    int number() {
        return number.get();
    }

    /** Closing it again does nothing. */
    @Override
    public void close() {
        int closing = number.getAndSet(CLOSED);
        if (closing != CLOSED) {
            // Linux has let go of the number even where close(2) reports an error, and none of ours has data to lose.
            SystemCall.invoke(SystemCall.CLOSE, closing, 0, 0);
        }
    }

    @Override
    public String toString() {
        return name;
    }

    private static long checked(String call, String arguments, long result) throws SystemCallException {
        // mmap returns addresses, which are positive in user space; every other call returns small numbers.
        if (result < 0) {
            throw new SystemCallException(call, arguments, (int) -result);
        }
        return result;
    }

    private record Unmap(long bytes) implements Consumer<MemorySegment> {
        @Override
        public void accept(MemorySegment mapped) {
            SystemCall.invoke(SystemCall.MUNMAP, mapped.address(), bytes, 0);
        }
    }
}
