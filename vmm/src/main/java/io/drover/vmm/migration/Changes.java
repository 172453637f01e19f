package io.drover.vmm.migration;

import io.drover.vmm.accelerator.DirtyLog;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.migration.stream.SentDisk;
import java.io.IOException;
import java.util.List;

/**
 * What is written to, by whomever: pages, as the accelerator logs them of the vCPUs and the VMM has noted of itself, and blocks
 * of the disks that are sent. One thread at a time.
 */
final class Changes {
    private final GuestMemory memory;
    private final DirtyLog log;
    private final List<SentDisk> disks;
    private boolean started;

    Changes(GuestMemory memory, DirtyLog log, List<SentDisk> disks) {
        this.memory = memory;
        this.log = log;
        this.disks = disks;
    }

    /** Begins. What is written after this has returned will be collected. */
    void start() throws IOException {
        started = true;
        memory.track();
        for (SentDisk disk : disks) {
            disk.disk().track();
        }
        log.start();
    }

    /** Adds what the images of the disks have. Once it has {@linkplain #start begun}. */
    void addDisks(Pending into) throws IOException {
        for (int disk = 0; disk < disks.size(); disk++) {
            disks.get(disk).disk().addOwn(into.blocks().get(disk));
        }
    }

    /**
     * Adds what was written since the last time. Where this fails, what had been found is in it, and the rest will be found
     * the next time.
     */
    void collect(Pending into) throws IOException {
        for (int disk = 0; disk < disks.size(); disk++) {
            disks.get(disk).disk().drainChanged(into.blocks().get(disk));
        }
        log.collect(into.pages());
        memory.drainWritten(into.pages());
    }

    /** Ends it. */
    void stop() throws IOException {
        if (started) {
            started = false;
            memory.endTracking();
            for (SentDisk disk : disks) {
                disk.disk().endTracking();
            }
            log.stop();
        }
    }
}
