package io.drover.vmm.virtio;

/** Feature bits that are not of one device (virtio 1.2, 6), as masks. */
public final class VirtioFeatures {
    public static final long INDIRECT_DESC = 1L << 28;
    public static final long EVENT_IDX = 1L << 29;
    public static final long VERSION_1 = 1L << 32;

    /** Offered by every device of ours. */
    static final long COMMON = INDIRECT_DESC | EVENT_IDX | VERSION_1;

    private VirtioFeatures() {}
}
