package io.drover.vmm.virtio.balloon;

/** What a guest tells of its memory (virtio 1.2, 5.5.6.4), each at the place that is its tag. Bytes, unless it is a count. */
public enum Statistic {
    SWAPPED_IN, SWAPPED_OUT,
    /** A count: those that read from a disk. */
    MAJOR_FAULTS,
    /** A count. */
    MINOR_FAULTS,
    /** Used by nobody, for nothing. */
    FREE,
    /** All that the guest's kernel has, without what is in the balloon. */
    TOTAL,
    /** What programs could have without swapping. */
    AVAILABLE,
    /** Of files, which can be had back at once. */
    CACHES,
    /** A count. */
    HUGE_PAGE_ALLOCATIONS,
    /** A count. */
    HUGE_PAGE_FAILURES
}
