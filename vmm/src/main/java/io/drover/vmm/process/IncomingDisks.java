package io.drover.vmm.process;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.image.AwaitedDisk;
import io.drover.vmm.disk.image.DiskFormat;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.machine.DiskSettings;
import io.drover.vmm.migration.stream.FailureKind;
import io.drover.vmm.migration.stream.ReceivedDisk;
import io.drover.vmm.migration.stream.StreamException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The disks of a guest that is on its way: those whose content comes with it are this VMM's from the beginning; the images of the
 * others are still the source's. Owned by one thread at a time.
 */
final class IncomingDisks implements AutoCloseable {
    private static final int READ_BYTES = 256 << 10;

    private final List<DiskSettings> mirrored;
    private final List<ReceivedDisk> open = new ArrayList<>();

    private IncomingDisks(List<DiskSettings> mirrored) {
        this.mirrored = mirrored;
    }

    /**
     * Opens nothing yet. Refuses ids that are no disk's which could be written to, with an {@link IllegalArgumentException}.
     *
     * @param mirrored
     *            ids
     */
    static IncomingDisks of(List<DiskSettings> disks, List<String> mirrored) {
        List<DiskSettings> wanted = new ArrayList<>();
        for (String id : mirrored) {
            DiskSettings disk = disks.stream().filter(each -> each.id().equals(id) && !each.readOnly()).findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("disk to be mirrored : '" + id
                            + "' (expected: one of this VM's that is not read-only)"));
            if (wanted.contains(disk)) {
                throw new IllegalArgumentException("disk to be mirrored : '" + id + "' twice (expected: once)");
            }
            wanted.add(disk);
        }
        return new IncomingDisks(List.copyOf(wanted));
    }

    /** Opens and locks those whose content comes. */
    List<ReceivedDisk> open() throws StreamException {
        for (DiskSettings disk : mirrored) {
            try {
                Disk image = DiskImage.open(disk.images(), false);
                open.add(new ReceivedDisk(disk.id(), image));
                checkEmpty(disk, image);
            } catch (IOException e) {
                throw new StreamException(FailureKind.DISK, "disk " + disk.id() + " : " + e.getMessage());
            }
        }
        return List.copyOf(open);
    }

    /** The source does not send what its image has nothing of. */
    private static void checkEmpty(DiskSettings disk, Disk image) throws IOException {
        for (long at = 0; at < image.size();) {
            Disk.Extent extent = image.extent(at, image.size() - at);
            // A raw image may be zeros that were written, or its host cannot tell; in others zeros hide what is below.
            if (extent.own() && !(disk.images().getFirst().format() == DiskFormat.RAW
                    && isZero(image, at, extent.bytes()))) {
                throw new IOException(image + ": has content at " + at + " (expected: none before the guest's comes;"
                        + " next: make disk " + disk.id() + " a new image)");
            }
            at += extent.bytes();
        }
    }

    private static boolean isZero(Disk image, long offset, long bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);
        ByteBuffer zeros = ByteBuffer.allocateDirect(READ_BYTES);
        IoVector vector = new IoVector(1);
        for (long done = 0; done < bytes; done += vector.byteCount()) {
            vector.clear();
            vector.add(buffer, 0, (int) Math.min(READ_BYTES, bytes - done));
            image.read(offset + done, vector);
            if (buffer.slice(0, (int) vector.byteCount()).mismatch(zeros.slice(0, (int) vector.byteCount())) >= 0) {
                return false;
            }
        }
        return true;
    }

    /** Gives a disk to the machine, which closes it. */
    Disk take(DiskSettings settings) throws IOException {
        for (int index = 0; index < open.size(); index++) {
            if (open.get(index).id().equals(settings.id())) {
                return open.remove(index).disk();
            }
        }
        return settings.readOnly() ? DiskImage.open(settings.images(), true) : AwaitedDisk.open(settings.images());
    }

    /** Closes what no machine has taken. */
    @Override
    public void close() throws IOException {
        try {
            for (ReceivedDisk disk : open) {
                disk.disk().close();
            }
        } finally {
            open.clear();
        }
    }
}
