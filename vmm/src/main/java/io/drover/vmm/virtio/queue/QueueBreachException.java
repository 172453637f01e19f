package io.drover.vmm.virtio.queue;

import java.io.Serial;

/** The driver has broken the rules of a queue, so that nothing in it can be trusted any more: the device needs a reset. */
public final class QueueBreachException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    /** The message is for the operator: the value, and what was expected. */
    public QueueBreachException(String message) {
        super(message);
    }
}
