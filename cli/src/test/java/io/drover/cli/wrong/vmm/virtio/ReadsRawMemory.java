package io.drover.cli.wrong.vmm.virtio;

import java.lang.foreign.MemorySegment;

public record ReadsRawMemory(MemorySegment ring) {
    public MemorySegment all() {
        return ring.reinterpret(Long.MAX_VALUE);
    }
}
