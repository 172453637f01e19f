package io.drover.scheduler.capacity;

import java.util.Arrays;
import java.util.Optional;

/** The pages of a host that a VM's memory is made of. Each host counts memory in each of them apart. */
public enum PageSize {
    /** Of 4 KiB, which is ordinary memory. */
    SMALL(4L << 10, Dimension.MEMORY),
    HUGE_2M(2L << 20, Dimension.HUGE_PAGES_2M),
    HUGE_1G(1L << 30, Dimension.HUGE_PAGES_1G);

    private final long bytes;
    private final Dimension dimension;

    PageSize(long bytes, Dimension dimension) {
        this.bytes = bytes;
        this.dimension = dimension;
    }

    public long bytes() {
        return bytes;
    }

    /** What is used up. */
    public Dimension dimension() {
        return dimension;
    }

    /** Empty when there is none of that size. */
    public static Optional<PageSize> ofBytes(long bytes) {
        return Arrays.stream(values()).filter(size -> size.bytes == bytes).findFirst();
    }
}
