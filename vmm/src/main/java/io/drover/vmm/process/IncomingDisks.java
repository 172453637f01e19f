package io.drover.vmm.process;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.image.AwaitedDisk;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.machine.DiskSettings;
import io.drover.vmm.migration.stream.FailureKind;
import io.drover.vmm.migration.stream.ReceivedDisk;
import io.drover.vmm.migration.stream.StreamException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The disks of a guest that is on its way: those whose content comes with it are this VMM's from the beginning; the images of the
 * others are still the source's. Owned by one thread at a time.
 */
final class IncomingDisks implements AutoCloseable {
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
                open.add(new ReceivedDisk(disk.id(), DiskImage.open(disk.images(), false)));
            } catch (IOException e) {
                throw new StreamException(FailureKind.DISK, "disk " + disk.id() + " : " + e.getMessage());
            }
        }
        return List.copyOf(open);
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
