package io.drover.vmm.memory;

import java.lang.foreign.MemorySegment;

/**
 * A contiguous piece of guest RAM: what becomes one memory slot of the accelerator and one usable entry of the e820 map.
 *
 * @param address
 *            guest-physical address of its first byte
 * @param segment
 *            the VMM's view of the same bytes
 */
public record MemoryRegion(long address, MemorySegment segment) {
    /** Bytes. */
    public long length() {
        return segment.byteSize();
    }

    /** The guest-physical address just behind the region. */
    public long end() {
        return address + segment.byteSize();
    }

    /** Whether all of the range lies in here; no sum in here can overflow. */
    boolean holds(long rangeAddress, long rangeLength) {
        long offset = rangeAddress - address;
        return offset >= 0 && rangeLength >= 0 && offset <= segment.byteSize() - rangeLength;
    }
}
