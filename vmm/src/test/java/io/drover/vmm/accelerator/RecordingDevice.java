package io.drover.vmm.accelerator;

import io.drover.vmm.bus.IoDevice;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers every access; reads give 0x11, 0x22, 0x33 … in all bytes, one after the other. */
final class RecordingDevice implements IoDevice {
    private final List<String> accesses = new CopyOnWriteArrayList<>();
    private int reads;

    List<String> accesses() {
        return accesses;
    }

    @Override
    public long read(long offset, int bytes) {
        reads++;
        accesses.add("read " + offset + " x" + bytes);
        return 0x1111_1111_1111_1111L * reads;
    }

    @Override
    public void write(long offset, int bytes, long value) {
        accesses.add("write " + offset + " x" + bytes + " 0x" + Long.toHexString(value));
    }
}
