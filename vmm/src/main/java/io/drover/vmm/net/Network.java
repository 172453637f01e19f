package io.drover.vmm.net;

/**
 * What a nic is joined to, for as long as the nic is there: drivers come and go meanwhile. Called by one thread at a time, but
 * for its ports.
 */
public interface Network extends AutoCloseable {
    /** How many pairs of queues it serves side by side. */
    int pairs();

    /** Whether it deals with packets in which everything of {@link Offloads} is left undone. */
    boolean offloads();

    /**
     * Whether it finds its stations by the frames that it has seen of them, as bridges do. Its ports are done with each packet at
     * once.
     */
    boolean learns();

    /** The way in and out of one pair of queues: 0 to {@link #pairs} - 1. Always the same object. */
    FramePort port(int pair);

    /** Begins to say whether it can be reached; it cannot, until it has said so. Once. */
    void start(LinkListener listener);

    /** What the packets that come from its ports may leave undone from now on. Nothing, at the beginning. */
    void setOffloads(Offloads accepted);

    /** Over how many of its ports it hands out packets: one, at the beginning. */
    void usePairs(int pairs);

    /** When no port is attached any more. */
    @Override
    void close();
}
