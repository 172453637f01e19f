package io.drover.vmm.virtio.balloon;

/** Feature bits of a balloon (virtio 1.2, 5.5.3), as masks. */
final class BalloonFeatures {
    static final long STATS_VQ = 1L << 1;
    static final long DEFLATE_ON_OOM = 1L << 2;
    static final long PAGE_POISON = 1L << 4;
    static final long PAGE_REPORTING = 1L << 5;

    private BalloonFeatures() {}
}
