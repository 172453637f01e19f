package io.drover.vmm.virtio.net;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.TimerFile;
import java.io.IOException;

/** A nic's limit in one direction, as one pair sees it: what may not go yet is waited for with an alarm. */
final class Throttle implements AutoCloseable {
    private final FrameLimit limit;
    private final TimerFile timer;

    Throttle(FrameLimit limit, String name) throws IOException {
        this.limit = limit;
        this.timer = TimerFile.create(name);
    }

    /**
     * Counts a frame, if it may go.
     *
     * @return whether it may; else the alarm goes off when it is worth asking again
     */
    boolean admit(long frameBytes) {
        long nanos = limit.admit(frameBytes);
        if (nanos > 0) {
            timer.set(nanos);
        }
        return nanos == 0;
    }

    FileHandle alarm() {
        return timer.file();
    }

    @Override
    public void close() {
        timer.close();
    }
}
