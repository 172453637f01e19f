package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An eventfd(2): a doorbell that anybody may ring, the kernel included, and that one thread waits for with a {@link Poller}.
 * Rings that come before they are taken are one. Ringing and taking allocate nothing and never block.
 */
public final class EventFile implements AutoCloseable {
    private static final long EFD_NONBLOCK = 0x800;
    private static final long EFD_CLOEXEC = 0x80000;

    private static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1);
    /** Where every count that was taken ends up: nobody reads it. */
    private static final MemorySegment TAKEN = Arena.global().allocate(Long.BYTES, Long.BYTES);

    private final FileHandle file;

    private EventFile(FileHandle file) {
        this.file = file;
    }

    /**
     * A new one that has not been rung.
     *
     * @param name
     *            for messages
     */
    public static EventFile create(String name) throws SystemCallException {
        long created = SystemCall.invoke(SystemCall.EVENTFD2, 0, EFD_NONBLOCK | EFD_CLOEXEC, 0);
        if (created < 0) {
            throw new SystemCallException("eventfd2", name, (int) -created);
        }
        return new EventFile(FileHandle.adopt(name, created));
    }

    /** Any thread. On a closed one it does nothing. */
    public void ring() {
        // EAGAIN says that it has been rung 2^64 - 2 times and nobody has looked: it is rung.
        SystemCall.invoke(SystemCall.WRITE, file.number(), ONE.address(), Long.BYTES);
    }

    /**
     * Takes all rings so far.
     *
     * @return whether there was one
     */
    public boolean take() {
        return SystemCall.invoke(SystemCall.READ, file.number(), TAKEN.address(), Long.BYTES) == Long.BYTES;
    }

    /** The kernel's number of the file, for a struct that names it to the kernel. */
    public int number() {
        return file.number();
    }

    /** To be watched; it is this object's to close. */
    public FileHandle file() {
        return file;
    }

    /** Closing it again does nothing. */
    @Override
    public void close() {
        file.close();
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
