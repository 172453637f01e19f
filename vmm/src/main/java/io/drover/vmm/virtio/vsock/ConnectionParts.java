package io.drover.vmm.virtio.vsock;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.HostBuffer;

/**
 * What the streams of a device share. Owned by the I/O thread; what is in vectors and text is of use within one call.
 *
 * @param whole
 *            of as many pieces as a packet can have, as is {@code part}
 * @param text
 *            at least {@link #TEXT_BYTES}
 */
record ConnectionParts(VsockCounters counters, HeldBytesPool pool, IoVector whole, IoVector part, HostBuffer text) {
    /** "OK 4294967295\n" fits. */
    static final int TEXT_BYTES = 16;
}
