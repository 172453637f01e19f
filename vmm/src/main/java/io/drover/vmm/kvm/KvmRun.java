package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * {@code struct kvm_run} (linux/kvm.h): why a vCPU left the guest, shared with the kernel. Read and written by the vCPU's
 * thread while it is out of KVM_RUN; only {@link #setImmediateExit} is for any thread at any time.
 */
public final class KvmRun {
    static final long IMMEDIATE_EXIT = 1;
    static final long EXIT_REASON = 8;
    static final long IO_DIRECTION = 32;
    static final long IO_SIZE = 33;
    static final long IO_PORT = 34;
    static final long IO_COUNT = 36;
    static final long IO_DATA_OFFSET = 40;
    static final long MMIO_PHYS_ADDR = 32;
    static final long MMIO_DATA = 40;
    static final long MMIO_LEN = 48;
    static final long MMIO_IS_WRITE = 52;
    static final long FAIL_ENTRY_REASON = 32;
    static final long FAIL_ENTRY_CPU = 40;
    static final long INTERNAL_SUBERROR = 32;
    static final long INTERNAL_NDATA = 36;
    static final long INTERNAL_DATA = 40;
    static final long SYSTEM_EVENT_TYPE = 32;

    /** Exit reasons. */
    public static final int EXIT_UNKNOWN = 0;
    public static final int EXIT_IO = 2;
    public static final int EXIT_DEBUG = 4;
    public static final int EXIT_HLT = 5;
    public static final int EXIT_MMIO = 6;
    public static final int EXIT_IRQ_WINDOW_OPEN = 7;
    public static final int EXIT_SHUTDOWN = 8;
    public static final int EXIT_FAIL_ENTRY = 9;
    public static final int EXIT_INTR = 10;
    public static final int EXIT_INTERNAL_ERROR = 17;
    public static final int EXIT_SYSTEM_EVENT = 24;

    /** Types of EXIT_SYSTEM_EVENT. */
    public static final int SYSTEM_EVENT_SHUTDOWN = 1;
    public static final int SYSTEM_EVENT_RESET = 2;
    public static final int SYSTEM_EVENT_CRASH = 3;

    /** INTERNAL_DATA has room for so many words. */
    private static final int MAX_INTERNAL_DATA = 16;

    private static final ValueLayout.OfShort INT16 = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong INT64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment area;

    KvmRun(MemorySegment area) {
        this.area = area;
    }

    /** When set, KVM_RUN finishes what the last exit left open and returns EINTR without entering the guest. */
    public void setImmediateExit(boolean immediate) {
        area.set(ValueLayout.JAVA_BYTE, IMMEDIATE_EXIT, (byte) (immediate ? 1 : 0));
        // Before the signal that follows, and before the owner looks at what it was asked to do.
        VarHandle.fullFence();
    }

    public int exitReason() {
        return area.get(ValueLayout.JAVA_INT, EXIT_REASON);
    }

    /** Of EXIT_IO: the guest writes. */
    public boolean ioIsOut() {
        return area.get(ValueLayout.JAVA_BYTE, IO_DIRECTION) == 1;
    }

    /** Of EXIT_IO: bytes of one access: 1, 2 or 4. */
    public int ioBytes() {
        return area.get(ValueLayout.JAVA_BYTE, IO_SIZE);
    }

    public int ioPort() {
        return area.get(ValueLayout.JAVA_SHORT, IO_PORT) & 0xFFFF;
    }

    /** Of EXIT_IO: accesses to the same port, of a string instruction; else 1. */
    public int ioCount() {
        return area.get(ValueLayout.JAVA_INT, IO_COUNT);
    }

    /** Of EXIT_IO: what the guest wrote by its n-th access. */
    public long ioValue(int access, int bytes) {
        return load(ioData(access, bytes), bytes);
    }

    /** Of EXIT_IO: what the guest shall read by its n-th access. */
    public void setIoValue(int access, int bytes, long value) {
        store(ioData(access, bytes), bytes, value);
    }

    public long mmioAddress() {
        return area.get(ValueLayout.JAVA_LONG, MMIO_PHYS_ADDR);
    }

    /** Of EXIT_MMIO: 1 to 8. */
    public int mmioBytes() {
        return area.get(ValueLayout.JAVA_INT, MMIO_LEN);
    }

    public boolean mmioIsWrite() {
        return area.get(ValueLayout.JAVA_BYTE, MMIO_IS_WRITE) != 0;
    }

    public long mmioValue(int bytes) {
        return load(MMIO_DATA, bytes);
    }

    public void setMmioValue(int bytes, long value) {
        store(MMIO_DATA, bytes, value);
    }

    public int systemEventType() {
        return area.get(ValueLayout.JAVA_INT, SYSTEM_EVENT_TYPE);
    }

    /** The exit in words, for the log; allocates. */
    public String describe() {
        return switch (exitReason()) {
            case EXIT_UNKNOWN -> "KVM_EXIT_UNKNOWN, hardware_exit_reason=0x"
                    + Long.toHexString(area.get(ValueLayout.JAVA_LONG, FAIL_ENTRY_REASON));
            case EXIT_FAIL_ENTRY -> "KVM_EXIT_FAIL_ENTRY, hardware_entry_failure_reason=0x"
                    + Long.toHexString(area.get(ValueLayout.JAVA_LONG, FAIL_ENTRY_REASON)) + " cpu="
                    + area.get(ValueLayout.JAVA_INT, FAIL_ENTRY_CPU);
            case EXIT_INTERNAL_ERROR -> internalError();
            case EXIT_SYSTEM_EVENT -> "KVM_EXIT_SYSTEM_EVENT, type=" + systemEventType();
            case EXIT_SHUTDOWN -> "KVM_EXIT_SHUTDOWN";
            default -> "exit_reason=" + exitReason();
        };
    }

    private String internalError() {
        StringBuilder text = new StringBuilder("KVM_EXIT_INTERNAL_ERROR, suberror=");
        text.append(area.get(ValueLayout.JAVA_INT, INTERNAL_SUBERROR)).append(" data=[");
        int words = Math.clamp(area.get(ValueLayout.JAVA_INT, INTERNAL_NDATA), 0, MAX_INTERNAL_DATA);
        for (int word = 0; word < words; word++) {
            text.append(word == 0 ? "0x" : " 0x");
            text.append(Long.toHexString(area.get(ValueLayout.JAVA_LONG, INTERNAL_DATA + word * 8L)));
        }
        return text.append(']').toString();
    }

    private long ioData(int access, int bytes) {
        return area.get(ValueLayout.JAVA_LONG, IO_DATA_OFFSET) + (long) access * bytes;
    }

    private long load(long offset, int bytes) {
        return switch (bytes) {
            case 1 -> area.get(ValueLayout.JAVA_BYTE, offset) & 0xFFL;
            case 2 -> area.get(INT16, offset) & 0xFFFFL;
            case 4 -> area.get(INT32, offset) & 0xFFFF_FFFFL;
            case 8 -> area.get(INT64, offset);
            default -> {
                long value = 0;
                for (int at = 0; at < bytes; at++) {
                    value |= (area.get(ValueLayout.JAVA_BYTE, offset + at) & 0xFFL) << (8 * at);
                }
                yield value;
            }
        };
    }

    private void store(long offset, int bytes, long value) {
        switch (bytes) {
            case 1 -> area.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
            case 2 -> area.set(INT16, offset, (short) value);
            case 4 -> area.set(INT32, offset, (int) value);
            case 8 -> area.set(INT64, offset, value);
            default -> {
                for (int at = 0; at < bytes; at++) {
                    area.set(ValueLayout.JAVA_BYTE, offset + at, (byte) (value >>> (8 * at)));
                }
            }
        }
    }
}
