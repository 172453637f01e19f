package io.drover.vmm.virtio;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.pci.PciEndpoint;
import io.drover.vmm.virtio.queue.QueueInterrupt;
import java.util.Arrays;

/**
 * How a device interrupts its driver (virtio 1.2, 4.1.4.5 and 4.1.5.3): by the MSI-X vectors that the driver has chosen for
 * queues and configuration, or, without MSI-X, by the pin and the ISR status, which reading clears. Safe for use by several
 * threads; allocates nothing.
 */
final class VirtioInterrupts implements QueueInterrupt, IoDevice {
    /** VIRTIO_MSI_NO_VECTOR. */
    static final int NO_VECTOR = 0xFFFF;

    private static final int ISR_QUEUE = 1;
    private static final int ISR_CONFIGURATION = 2;

    private final PciEndpoint endpoint;
    @GuardedBy("this")
    private final int[] queueVectors;
    @GuardedBy("this")
    private int configVector = NO_VECTOR;
    @GuardedBy("this")
    private int isr;

    VirtioInterrupts(PciEndpoint endpoint, int queues) {
        this.endpoint = endpoint;
        this.queueVectors = new int[queues];
        Arrays.fill(queueVectors, NO_VECTOR);
    }

    synchronized void reset() {
        Arrays.fill(queueVectors, NO_VECTOR);
        configVector = NO_VECTOR;
        isr = 0;
        endpoint.setPin(false);
    }

    synchronized void save(SavedVirtio.Builder into) {
        into.setConfigVector(configVector).setIsr(isr);
    }

    /** All but the queues' vectors and the pin, which is the endpoint's. */
    synchronized void load(SavedVirtio saved) {
        setConfigVector(saved.getConfigVector() & NO_VECTOR);
        isr = saved.getIsr() & (ISR_QUEUE | ISR_CONFIGURATION);
    }

    synchronized int queueVector(int queue) {
        return queueVectors[queue];
    }

    /** A vector that is not there reads back as none, which tells the driver so. */
    synchronized void setQueueVector(int queue, int vector) {
        queueVectors[queue] = vector < endpoint.msix().vectors() ? vector : NO_VECTOR;
    }

    synchronized int configVector() {
        return configVector;
    }

    synchronized void setConfigVector(int vector) {
        configVector = vector < endpoint.msix().vectors() ? vector : NO_VECTOR;
    }

    @Override
    public synchronized void raise(int queue) {
        if (!endpoint.msix().raise(queueVectors[queue])) {
            setIsr(ISR_QUEUE);
        }
    }

    synchronized void raiseConfiguration() {
        if (!endpoint.msix().raise(configVector)) {
            setIsr(ISR_CONFIGURATION);
        }
    }

    @GuardedBy("this")
    private void setIsr(int bit) {
        isr |= bit;
        endpoint.setPin(true);
    }

    /** The ISR status. */
    @Override
    public synchronized long read(long offset, int bytes) {
        int value = isr;
        isr = 0;
        endpoint.setPin(false);
        return value;
    }

    @Override
    public void write(long offset, int bytes, long value) {
        // Read-only.
    }
}
