package io.drover.vmm.virtio;

import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;

/**
 * Serves the requests of one queue in turn. Answers are shown to the driver together, so that one interrupt does for many, but
 * none waits for long behind slow ones.
 */
public final class RequestLoop implements QueueHandler {
    /** The longest that an answer waits for others: about what an interrupt costs a guest. */
    private static final long BATCH_NANOS = 50_000;

    private final RequestServer server;
    private final DescriptorChain chain;

    /** For this queue, whose thread calls it. */
    public RequestLoop(RequestServer server, Virtqueue queue) {
        this.server = server;
        this.chain = queue.newChain();
    }

    @Override
    public boolean kicked(Virtqueue queue) throws QueueBreachException {
        queue.ignoreKicks();
        long first = 0;
        for (int left = queue.size(); left > 0; left--) {
            if (!queue.pop(chain)) {
                queue.publish();
                return queue.heedKicks();
            }
            if (!server.admit(chain)) {
                queue.putBack(chain);
                queue.publish();
                return false;
            }
            boolean firstOfBatch = !queue.hasUnpublished();
            queue.push(chain.head(), server.serve(chain));
            long now = System.nanoTime();
            if (firstOfBatch) {
                first = now;
            } else if (now - first > BATCH_NANOS) {
                queue.publish();
            }
        }
        queue.publish();
        return true;
    }

    @Override
    public void close() {
        server.close();
    }
}
