package io.drover.vmm.disk;

import io.drover.vmm.linux.ByteRangeLocks;
import io.drover.vmm.linux.FileHandle;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Who may use an image file: one writer alone, or any number of readers. The locks are those of QEMU and its tools
 * ({@code block/file-posix.c}), so that these refuse an image that we have, and we one that they have: a shared lock on byte
 * 100 + n says "I do n", one on byte 200 + n "nobody else may do n", where n is 0 for reading what is consistent, 1 for
 * writing and 3 for resizing. They belong to the open file and go with it, however its process ends.
 */
final class ImageLock {
    private static final int DOES = 100;
    private static final int FORBIDS = 200;
    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int RESIZE = 3;

    private static final int[] WRITER_DOES = {READ, WRITE, RESIZE};
    private static final int[] READER_DOES = {READ};
    private static final int[] BOTH_FORBID = {WRITE, RESIZE};

    private ImageLock() {}

    /**
     * Locks an open file, until it is closed.
     *
     * @throws IOException
     *             when somebody has it who does not go together with us; says who, if that can be seen
     */
    static void take(FileHandle file, Path path, boolean readOnly) throws IOException {
        int[] does = readOnly ? READER_DOES : WRITER_DOES;
        // First say, then look: of two who come at once, at least one sees the other.
        for (int each : does) {
            ByteRangeLocks.share(file, DOES + each);
        }
        for (int each : BOTH_FORBID) {
            ByteRangeLocks.share(file, FORBIDS + each);
        }
        if (goesTogether(file, does)) {
            return;
        }
        // The file may stay open: nobody else is to wait for a lock that is good for nothing.
        release(file);
        throw inUse(path, readOnly);
    }

    private static boolean goesTogether(FileHandle file, int[] does) throws IOException {
        for (int each : does) {
            if (ByteRangeLocks.isSharedByOthers(file, FORBIDS + each)) {
                return false;
            }
        }
        for (int each : BOTH_FORBID) {
            if (ByteRangeLocks.isSharedByOthers(file, DOES + each)) {
                return false;
            }
        }
        return true;
    }

    /** Gives up what {@link #take} took, so that others may have the image. */
    static void release(FileHandle file) throws IOException {
        for (int each : WRITER_DOES) {
            ByteRangeLocks.release(file, DOES + each);
        }
        for (int each : BOTH_FORBID) {
            ByteRangeLocks.release(file, FORBIDS + each);
        }
    }

    private static IOException inUse(Path path, boolean readOnly) {
        String holder = LockHolders.of(path).map(each -> "by " + each)
                .orElse("by another process, perhaps of another user"
                        + " or host");
        return new ImageInUseException(path + ": in use " + holder + " (asked to " + (readOnly ? "read" : "write")
                + " it); next: stop that first, or give this VM a disk of its own");
    }
}
