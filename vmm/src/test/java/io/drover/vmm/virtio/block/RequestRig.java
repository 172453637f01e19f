package io.drover.vmm.virtio.block;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.log.Log;
import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.virtio.GuestFaultLog;
import io.drover.vmm.virtio.RequestLoop;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.QueueLayout;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.lang.foreign.Arena;

/** One queue of a block device and its driver in one thread, with a disk that does nothing: what is left is our own work. */
public final class RequestRig {
    private static final long RING = 0x1_0000;
    private static final long TABLES = 0x4_0000;
    private static final long HEADER = 0x8_0000;
    private static final long DATA = 0x10_0000;
    private static final int SIZE = 256;
    private static final int SEGMENT_BYTES = 4096;

    private final GuestMemory memory = GuestMemory.of(Arena.ofAuto().allocate(4 << 20, 4096));
    private final TestQueue driver;
    private final Virtqueue queue;
    private final RequestLoop loop;
    private final int batch;
    private final int step;
    private long interrupts;

    /**
     * A rig.
     *
     * @param indirect
     *            each request is in a table of its own, as Linux has it
     */
    public RequestRig(boolean indirect) throws GuestAddressException, QueueBreachException {
        driver = new TestQueue(memory, RING, SIZE, true);
        queue = new Virtqueue(0, memory, new QueueLayout(SIZE, driver.descriptors(), driver.available(), driver.used()),
                SIZE, true, true, number -> interrupts++);
        Disk disk = new NoDisk();
        loop = new RequestLoop(new BlockRequests(disk, new BlockConfiguration(disk, 1, true), true, BlockRequests.id(
                new byte[0]), new BlockCounters(), new GuestFaultLog(new Log(System.err, "rig"), "rig")), queue);
        // Read requests of one page each: a header, the page, the status.
        batch = indirect ? SIZE / 2 : SIZE / 4;
        for (int request = 0; request < batch; request++) {
            long table = indirect ? TABLES + 48L * request : driver.descriptors() + 48L * request;
            int first = indirect ? 0 : 3 * request;
            driver.describeAt(table, HEADER, 16, TestQueue.NEXT, first + 1);
            driver.describeAt(table + 16, DATA + (long) SEGMENT_BYTES * request, SEGMENT_BYTES,
                    TestQueue.NEXT | TestQueue.WRITE, first + 2);
            driver.describeAt(table + 32, HEADER + 16, 1, TestQueue.WRITE, 0);
            if (indirect) {
                driver.describe(request, table, 48, TestQueue.INDIRECT, 0);
            }
        }
        this.step = indirect ? 1 : 3;
    }

    /** Requests of one round. */
    public int batch() {
        return batch;
    }

    public long interrupts() {
        return interrupts;
    }

    /** The driver's part of a round. */
    public void offer() throws GuestAddressException {
        for (int request = 0; request < batch; request++) {
            driver.offer(step * request);
        }
    }

    /** The device's part of a round. */
    public void serve() throws QueueBreachException {
        while (loop.kicked(queue)) {
            // There is more.
        }
    }

    public int usedIndex() throws GuestAddressException {
        return driver.usedIndex();
    }

    private static final class NoDisk implements Disk {
        @Override
        public long size() {
            return 1L << 40;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public void read(long offset, IoVector into) {
            // As if it had been.
        }

        @Override
        public void write(long offset, IoVector from) {
            // As if it had been.
        }

        @Override
        public void flush() {
            // As if it had been.
        }

        @Override
        public void discard(long offset, long length) {
            // As if it had been.
        }

        @Override
        public void writeZeroes(long offset, long length, boolean mayUnmap) {
            // As if it had been.
        }

        @Override
        public void grow(long newSize) {
            // As if it had.
        }

        @Override
        public void close() {
            // Holds nothing.
        }
    }
}
