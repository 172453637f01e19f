package io.drover.vmm.migration.stream;

import io.drover.vmm.migration.lz4.Lz4Encoder;
import java.nio.ByteBuffer;

/**
 * Packs what goes over one connection, once that was asked for and the other end has said that it can unpack. Takes its
 * memory then. Owned by one thread at a time.
 */
final class Packer {
    /** Of what is packed one part in so many must be saved, or it goes as it is. */
    private static final int WORTH = 8;

    private final boolean wanted;
    private final Lz4Encoder encoder = new Lz4Encoder();
    private boolean on;
    private byte[] raw = new byte[0];
    private byte[] made = new byte[0];
    private ByteBuffer packed = ByteBuffer.allocateDirect(0);

    /** Off. */
    Packer(boolean wanted) {
        this.wanted = wanted;
    }

    /** The other end speaks this version. */
    void agreed(long version) {
        on = wanted && version >= Protocol.PACKED_SINCE;
        if (on) {
            raw = new byte[Lz4Encoder.MAX_BYTES];
            made = new byte[Lz4Encoder.MAX_BYTES];
            packed = ByteBuffer.allocateDirect(Lz4Encoder.MAX_BYTES);
        }
    }

    boolean isOn() {
        return on;
    }

    /** Where what is to be packed is gathered, from 0 on. */
    byte[] raw() {
        return raw;
    }

    /** What {@link #pack} made, from 0 on. */
    ByteBuffer packed() {
        return packed;
    }

    /**
     * Packs the first bytes of {@link #raw}.
     *
     * @return how many bytes that makes; -1: not worth it
     */
    int pack(int bytes) {
        int length = encoder.encode(raw, bytes, made, bytes - bytes / WORTH);
        if (length > 0) {
            packed.put(0, made, 0, length);
        }
        return length;
    }
}
