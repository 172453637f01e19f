package io.drover.vmm.virtio.net;

/** How fast frames may go in one direction, all pairs together. Safe for use by several threads. */
@FunctionalInterface
public interface FrameLimit {
    /** As fast as they can. */
    FrameLimit NONE = frameBytes -> 0;

    /**
     * Counts a frame, if it may go now.
     *
     * @return 0 if it may; else the nanoseconds after which to ask again
     */
    long admit(long frameBytes);
}
