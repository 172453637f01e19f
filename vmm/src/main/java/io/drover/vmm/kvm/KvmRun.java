package io.drover.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * {@code struct kvm_run} (linux/kvm.h): why a vCPU left the guest, shared with the kernel. Read and written by the vCPU's
 * thread while it is out of KVM_RUN; only {@link #setImmediateExit} is for any thread at any time.
 *
 * <p>
 * By a ByteBuffer: compiled by C1 alone, as a VMM process is, a MemorySegment's var handles would cost some 400 ns per exit.
 */
public final class KvmRun {
    static final int IMMEDIATE_EXIT = 1;
    static final int EXIT_REASON = 8;
    static final int IO_DIRECTION = 32;
    static final int IO_SIZE = 33;
    static final int IO_PORT = 34;
    static final int IO_COUNT = 36;
    static final int IO_DATA_OFFSET = 40;
    static final int MMIO_PHYS_ADDR = 32;
    static final int MMIO_DATA = 40;
    static final int MMIO_LEN = 48;
    static final int MMIO_IS_WRITE = 52;
    static final int FAIL_ENTRY_REASON = 32;
    static final int FAIL_ENTRY_CPU = 40;
    static final int INTERNAL_SUBERROR = 32;
    static final int INTERNAL_NDATA = 36;
    static final int INTERNAL_DATA = 40;
    static final int SYSTEM_EVENT_TYPE = 32;

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

    private final ByteBuffer area;

    KvmRun(MemorySegment area) {
        this.area = area.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    /** When set, KVM_RUN finishes what the last exit left open and returns EINTR without entering the guest. */
    public void setImmediateExit(boolean immediate) {
        area.put(IMMEDIATE_EXIT, (byte) (immediate ? 1 : 0));
        // Before the signal that follows, and before the owner looks at what it was asked to do.
        VarHandle.fullFence();
    }

    public int exitReason() {
        return area.getInt(EXIT_REASON);
    }

    /** Of EXIT_IO: the guest writes. */
    public boolean ioIsOut() {
        return area.get(IO_DIRECTION) == 1;
    }

    /** Of EXIT_IO: bytes of one access: 1, 2 or 4. */
    public int ioBytes() {
        return area.get(IO_SIZE);
    }

    public int ioPort() {
        return area.getShort(IO_PORT) & 0xFFFF;
    }

    /** Of EXIT_IO: accesses to the same port, of a string instruction; else 1. */
    public int ioCount() {
        return area.getInt(IO_COUNT);
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
        return area.getLong(MMIO_PHYS_ADDR);
    }

    /** Of EXIT_MMIO: 1 to 8. */
    public int mmioBytes() {
        return area.getInt(MMIO_LEN);
    }

    public boolean mmioIsWrite() {
        return area.get(MMIO_IS_WRITE) != 0;
    }

    public long mmioValue(int bytes) {
        return load(MMIO_DATA, bytes);
    }

    public void setMmioValue(int bytes, long value) {
        store(MMIO_DATA, bytes, value);
    }

    public int systemEventType() {
        return area.getInt(SYSTEM_EVENT_TYPE);
    }

    /** The exit in words, for the log; allocates. */
    public String describe() {
        return switch (exitReason()) {
            case EXIT_UNKNOWN -> "KVM_EXIT_UNKNOWN, hardware_exit_reason=0x"
                    + Long.toHexString(area.getLong(FAIL_ENTRY_REASON));
            case EXIT_FAIL_ENTRY -> "KVM_EXIT_FAIL_ENTRY, hardware_entry_failure_reason=0x"
                    + Long.toHexString(area.getLong(FAIL_ENTRY_REASON)) + " cpu="
                    + area.getInt(FAIL_ENTRY_CPU);
            case EXIT_INTERNAL_ERROR -> internalError();
            case EXIT_SYSTEM_EVENT -> "KVM_EXIT_SYSTEM_EVENT, type=" + systemEventType();
            case EXIT_SHUTDOWN -> "KVM_EXIT_SHUTDOWN";
            default -> "exit_reason=" + exitReason();
        };
    }

    private String internalError() {
        StringBuilder text = new StringBuilder("KVM_EXIT_INTERNAL_ERROR, suberror=");
        text.append(area.getInt(INTERNAL_SUBERROR)).append(" data=[");
        int words = Math.clamp(area.getInt(INTERNAL_NDATA), 0, MAX_INTERNAL_DATA);
        for (int word = 0; word < words; word++) {
            text.append(word == 0 ? "0x" : " 0x");
            text.append(Long.toHexString(area.getLong(INTERNAL_DATA + word * 8)));
        }
        return text.append(']').toString();
    }

    private int ioData(int access, int bytes) {
        return (int) area.getLong(IO_DATA_OFFSET) + access * bytes;
    }

    private long load(int offset, int bytes) {
        return switch (bytes) {
            case 1 -> area.get(offset) & 0xFFL;
            case 2 -> area.getShort(offset) & 0xFFFFL;
            case 4 -> area.getInt(offset) & 0xFFFF_FFFFL;
            case 8 -> area.getLong(offset);
            default -> {
                long value = 0;
                for (int at = 0; at < bytes; at++) {
                    value |= (area.get(offset + at) & 0xFFL) << (8 * at);
                }
                yield value;
            }
        };
    }

    private void store(int offset, int bytes, long value) {
        switch (bytes) {
            case 1 -> area.put(offset, (byte) value);
            case 2 -> area.putShort(offset, (short) value);
            case 4 -> area.putInt(offset, (int) value);
            case 8 -> area.putLong(offset, value);
            default -> {
                for (int at = 0; at < bytes; at++) {
                    area.put(offset + at, (byte) (value >>> (8 * at)));
                }
            }
        }
    }
}
