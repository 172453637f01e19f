package io.drover.vmm.fuzz;

import java.util.Arrays;

/** A guest's decisions, taken one by one from the input; zeros when it is used up. */
public final class FuzzBytes {
    private final byte[] bytes;
    private int next;

    public FuzzBytes(byte[] bytes) {
        this.bytes = bytes.clone();
    }

    public boolean isUsedUp() {
        return next >= bytes.length;
    }

    /** 0 to 255. */
    public int next8() {
        return isUsedUp() ? 0 : bytes[next++] & 0xFF;
    }

    public int next16() {
        return next8() | (next8() << 8);
    }

    public long next32() {
        return next16() | ((long) next16() << 16);
    }

    public long next64() {
        return next32() | (next32() << 32);
    }

    /** All that is left. */
    public byte[] rest() {
        byte[] rest = Arrays.copyOfRange(bytes, Math.min(next, bytes.length), bytes.length);
        next = bytes.length;
        return rest;
    }
}
