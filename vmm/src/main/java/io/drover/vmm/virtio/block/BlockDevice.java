package io.drover.vmm.virtio.block;

import io.drover.proto.vmm.v1.SavedBlock;
import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.limit.RateLimit;
import io.drover.vmm.linux.TimerFile;
import io.drover.vmm.log.Log;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import io.drover.vmm.virtio.Activation;
import io.drover.vmm.virtio.GuestFaultLog;
import io.drover.vmm.virtio.RequestLoop;
import io.drover.vmm.virtio.VirtioDevice;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A block device (virtio 1.2, 5.2). Each queue has an I/O thread that serves its requests one by one, with system calls that
 * block: queues are how a guest has several under way.
 */
public final class BlockDevice implements VirtioDevice {
    /** The most queues that there may be. */
    public static final int MAX_QUEUES = 16;
    /** The longest serial number. */
    public static final int MAX_SERIAL_BYTES = 20;

    private static final int DEVICE_TYPE = 2;
    /** Mass storage of another kind. */
    private static final int PCI_CLASS = 0x01_8000;

    private final Disk disk;
    private final boolean cached;
    private final byte[] id;
    private final BlockConfiguration configuration;
    private final BlockCounters[] counters;
    private final RateLimit limit;
    private final String name;
    private final GuestFaultLog log;

    /**
     * A device for one guest.
     *
     * @param disk
     *            closed with the device
     * @param serial
     *            what the guest sees as the disk's serial number: at most {@link #MAX_SERIAL_BYTES} of ASCII
     * @param queues
     *            1 to {@link #MAX_QUEUES}
     * @param cached
     *            whether a write may be done before it is durable (write-back), until the guest flushes; else every write is
     *            durable when it is done (write-through)
     * @param limit
     *            of all queues together; may be changed while the device runs, whose queues are to be kicked then
     * @param name
     *            for the log
     */
    public BlockDevice(Disk disk, String serial, int queues, boolean cached, RateLimit limit, String name,
            Log log) {
        this.limit = limit;
        this.name = name;
        this.disk = disk;
        this.cached = cached;
        this.id = BlockRequests.id(serial.getBytes(StandardCharsets.US_ASCII));
        this.configuration = new BlockConfiguration(disk, queues, cached);
        this.log = new GuestFaultLog(log, name);
        this.counters = new BlockCounters[queues];
        for (int queue = 0; queue < queues; queue++) {
            counters[queue] = new BlockCounters();
        }
    }

    /** What it has done so far, all queues together. Any thread. */
    public BlockCounts counts() {
        BlockCounts sum = BlockCounts.NONE;
        for (BlockCounters queue : counters) {
            sum = sum.plus(queue.counts());
        }
        return sum;
    }

    @Override
    public int deviceType() {
        return DEVICE_TYPE;
    }

    @Override
    public int pciClass() {
        return PCI_CLASS;
    }

    @Override
    public long features() {
        // A driver that is offered no flush knows that every write is durable.
        return BlockFeatures.SIZE_MAX | BlockFeatures.SEG_MAX | BlockFeatures.BLK_SIZE
                | (disk.readOnly() ? BlockFeatures.RO : BlockFeatures.DISCARD | BlockFeatures.WRITE_ZEROES)
                | (cached ? BlockFeatures.FLUSH | BlockFeatures.CONFIG_WCE : 0)
                | (counters.length > 1 ? BlockFeatures.MQ : 0);
    }

    @Override
    public int queues() {
        return counters.length;
    }

    @Override
    public int maxQueueSize() {
        return BlockLimits.QUEUE_SIZE;
    }

    @Override
    public long readConfig(int offset, int bytes) {
        return configuration.read(offset, bytes);
    }

    @Override
    public void writeConfig(int offset, int bytes, long value, long negotiated) {
        if (offset == BlockConfiguration.WRITEBACK && bytes == 1 && (negotiated & BlockFeatures.CONFIG_WCE) != 0) {
            configuration.setWriteBack(value != 0);
        }
    }

    @Override
    public void activate(Activation activation) throws IOException {
        boolean flush = (activation.features() & BlockFeatures.FLUSH) != 0;
        for (int number = 0; number < counters.length; number++) {
            Optional<Virtqueue> queue = activation.queue(number);
            if (queue.isPresent()) {
                activate(activation, queue.get(),
                        new BlockRequests(disk, configuration, flush, id, counters[number], log));
            }
        }
    }

    private void activate(Activation activation, Virtqueue queue, BlockRequests requests) throws IOException {
        String thread = "queue " + queue.number();
        TimerFile alarm = TimerFile.create(name + ' ' + thread + " limit");
        try {
            RequestLoop loop = new RequestLoop(new LimitedRequests(requests, limit, alarm), queue);
            activation.addThread(thread, loop, List.of(queue)).watchAsKick(alarm.file(), queue);
        } catch (IOException e) {
            alarm.close();
            throw e;
        }
    }

    @Override
    public void save(SavedVirtio.Builder into) {
        into.setBlock(SavedBlock.newBuilder().setVersion(SavedStates.VERSION)
                .setWriteBack(configuration.isWriteBack()).setSizeBytes(disk.size()));
    }

    @Override
    public void load(SavedVirtio saved) throws SavedStateException {
        SavedStates.require(saved.hasBlock(), name);
        if (saved.getBlock().getSizeBytes() != disk.size()) {
            throw new SavedStateException("saved state: size of " + name + " : " + saved.getBlock().getSizeBytes()
                    + " (expected: " + disk.size() + ", as its image has now; the disk must be as it was then)");
        }
        configuration.setWriteBack(saved.getBlock().getWriteBack());
    }

    @Override
    public void reset() {
        configuration.reset();
    }

    @Override
    public void close() {
        try {
            disk.close();
        } catch (IOException e) {
            log.error("the disk cannot be closed", e);
        }
    }
}
