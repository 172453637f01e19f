package io.drover.vmm.interrupt;

import java.io.IOException;

/** Where a device gets its message interrupts from. */
public interface MessageInterrupts {
    /**
     * One more. It lasts until it is released, or as long as the machine.
     *
     * @throws IOException
     *             when the accelerator has no more
     */
    MessageInterrupt create() throws IOException;
}
