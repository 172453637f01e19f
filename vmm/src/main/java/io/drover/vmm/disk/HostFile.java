package io.drover.vmm.disk;

import io.drover.vmm.linux.IoVector;
import java.io.IOException;

/**
 * The file that a disk is kept in: of the host, or one that a test makes crash. Write-back, as the page cache is: only
 * {@link #flush} makes durable, and until then a crash may keep any part of what was written and lose any other, in any order.
 *
 * <p>
 * Safe for use by several threads, except that {@link #close} is called once, when no other call is under way.
 */
public interface HostFile extends AutoCloseable {
    /** As a person finds it: the path. */
    String name();

    /** Bytes. */
    long size() throws IOException;

    /**
     * Fills {@code into} from {@code offset} on.
     *
     * @return bytes read: less than asked for only where the file ends
     */
    long read(long offset, IoVector into) throws IOException;

    /** Writes all of {@code from}; the file grows as needed, and what is skipped reads as zeros. */
    void write(long offset, IoVector from) throws IOException;

    /** Makes all durable that was written before. Once it has failed, it fails for ever. */
    void flush() throws IOException;

    /**
     * Gives the range's space back: it reads as zeros then. The size stays.
     *
     * @return whether the host can do this; where it cannot, nothing has happened
     */
    boolean punchHole(long offset, long length) throws IOException;

    /** Makes the range, within the file, read as zeros and keeps its space. */
    void zeroRange(long offset, long length) throws IOException;

    /** Cuts the file off or lengthens it with zeros. */
    void setSize(long bytes) throws IOException;

    /**
     * Lets others have the file, which stays open: it can be read, and every change is refused until {@link #lock}. A file that
     * was opened without a lock stays as it is.
     */
    default void unlock() throws IOException {
        // Nobody else comes.
    }

    /**
     * Has the file for itself again, after {@link #unlock}.
     *
     * @throws ImageInUseException
     *             when somebody else has it now: it stays unlocked
     */
    default void lock() throws IOException {
        // It is so.
    }

    /** Whether it is this process's, so that others do not change it, or must not read what it is just about to change. */
    default boolean isLocked() {
        return true;
    }

    /**
     * Where something was ever written, at or behind an offset.
     *
     * @return the file's size when there is nothing; the offset itself where the host cannot tell
     */
    default long nextData(long from) throws IOException {
        return from;
    }

    /**
     * Where what begins with data at an offset ends.
     *
     * @return the file's size when it goes on to the end, or the host cannot tell
     */
    default long nextHole(long from) throws IOException {
        return size();
    }

    /** Lets the file go. Does not flush. */
    @Override
    void close();
}
