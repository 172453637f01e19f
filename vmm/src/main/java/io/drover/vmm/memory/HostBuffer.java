package io.drover.vmm.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Memory of this process, not of the guest, that system calls fill and that is then copied into the guest. It never moves, and
 * lives as long as this object. Every access is checked, none allocates; owned by one thread at a time.
 */
public final class HostBuffer {
    private static final ValueLayout.OfInt INT32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT32_BIG_ENDIAN = ValueLayout.JAVA_INT_UNALIGNED
            .withOrder(ByteOrder.BIG_ENDIAN);

    private final MemorySegment segment;

    /** Of zeros. */
    public HostBuffer(int bytes) {
        segment = Arena.ofAuto().allocate(bytes, Long.BYTES);
    }

    /** Where it lies, for a system call that ends while this object is still in use. */
    public long address() {
        return segment.address();
    }

    /** How many bytes it has. */
    public int bytes() {
        return (int) segment.byteSize();
    }

    /** Zero-extended. */
    public int read8(long offset) {
        return segment.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
    }

    /** Big endian. */
    public int read32BigEndian(long offset) {
        return segment.get(INT32_BIG_ENDIAN, offset);
    }

    /** Little endian. */
    public void write32(long offset, int value) {
        segment.set(INT32, offset, value);
    }

    /** Big endian. */
    public void write32BigEndian(long offset, int value) {
        segment.set(INT32_BIG_ENDIAN, offset, value);
    }

    /** Moves bytes within it; both ranges may overlap. */
    public void move(long from, long to, long length) {
        MemorySegment.copy(segment, from, segment, to, length);
    }

    /** Writes all of {@code source}. */
    public void copyIn(long offset, byte[] source) {
        MemorySegment.copy(source, 0, segment, ValueLayout.JAVA_BYTE, offset, source.length);
    }

    /** Fills all of {@code target}. */
    public void copyOut(long offset, byte[] target) {
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, offset, target, 0, target.length);
    }

    MemorySegment segment() {
        return segment;
    }
}
