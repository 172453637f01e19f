package io.drover.vmm.virtio.balloon;

import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.log.Log;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import io.drover.vmm.virtio.Activation;
import io.drover.vmm.virtio.GuestFaultLog;
import io.drover.vmm.virtio.RequestLoop;
import io.drover.vmm.virtio.VirtioDevice;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A memory balloon (virtio 1.2, 5.5). All its queues have one thread, as there is little to do and nobody waits for it. */
public final class BalloonDevice implements VirtioDevice {
    private static final int DEVICE_TYPE = 5;
    /** A device of no class that PCI knows. */
    private static final int PCI_CLASS = 0xFF_0000;
    private static final int QUEUE_SIZE = 128;

    /** Of the queues (5.5.2). */
    private static final int INFLATE = 0;
    private static final int DEFLATE = 1;
    private static final int STATISTICS = 2;
    private static final int REPORTING = 4;
    private static final int QUEUES = 5;

    private final String name;
    private final BalloonOptions options;
    private final BackingFile backing;
    private final long memoryBytes;
    private final InstantSource clock;
    private final GuestFaultLog log;
    private final BalloonConfiguration configuration = new BalloonConfiguration();
    private final BalloonCounters counters = new BalloonCounters();
    private volatile Optional<MemoryStatistics> statistics = Optional.empty();
    private volatile Runnable configurationChanged = () -> {};

    /**
     * A balloon without air.
     *
     * @param name
     *            for the log and its thread
     * @param backing
     *            of all the guest's memory; outlives this device
     * @param memoryBytes
     *            how much that is
     * @param clock
     *            that statistics are dated by
     */
    public BalloonDevice(String name, BalloonOptions options, BackingFile backing, long memoryBytes,
            InstantSource clock, Log log) {
        this.name = name;
        this.options = options;
        this.backing = backing;
        this.memoryBytes = memoryBytes;
        this.clock = clock;
        this.log = new GuestFaultLog(log, name);
    }

    /**
     * From now on the driver hears of new targets. Once.
     *
     * @param whenChanged
     *            tells the driver to read the configuration again
     */
    public void start(Runnable whenChanged) {
        configurationChanged = whenChanged;
    }

    /**
     * Asks the guest to do with less memory, or lets it have more. It obeys as far and as fast as it can, and one without a
     * driver does when it gets one. Any thread.
     *
     * @param guestBytes
     *            what the guest is to be left with: whole pages, at least one and at most all
     * @throws IllegalArgumentException
     *             for the operator, when that cannot be
     */
    public void setTarget(long guestBytes) {
        checkTarget(guestBytes, memoryBytes);
        configuration.setWantedPages((memoryBytes - guestBytes) >> InflateRequests.PAGE_SHIFT);
        configurationChanged.run();
    }

    /** Refuses what {@link #setTarget} refuses of a machine with this memory. */
    public static void checkTarget(long guestBytes, long memoryBytes) {
        if (guestBytes < GuestMemory.PAGE_BYTES || guestBytes > memoryBytes
                || guestBytes % GuestMemory.PAGE_BYTES != 0) {
            throw new IllegalArgumentException("memory target : " + guestBytes + " bytes (expected: whole pages of "
                    + GuestMemory.PAGE_BYTES + ", at least one and at most the VM's " + memoryBytes + ")");
        }
    }

    /** As it is now. Any thread. */
    public BalloonState state() {
        return new BalloonState(configuration.wantedPages() << InflateRequests.PAGE_SHIFT,
                configuration.actualPages() << InflateRequests.PAGE_SHIFT, counters.inflatedBytes(),
                counters.reportedBytes(), backing.residentBytes(), statistics);
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
        // Drivers that poison free pages report none where they cannot say so.
        return (options.deflateOnOom() ? BalloonFeatures.DEFLATE_ON_OOM : 0)
                | (options.reporting() ? BalloonFeatures.PAGE_REPORTING | BalloonFeatures.PAGE_POISON : 0)
                | (options.statisticsInterval().isZero() ? 0 : BalloonFeatures.STATS_VQ);
    }

    @Override
    public int queues() {
        return QUEUES;
    }

    @Override
    public int maxQueueSize() {
        return QUEUE_SIZE;
    }

    @Override
    public long readConfig(int offset, int bytes) {
        return configuration.read(offset, bytes);
    }

    @Override
    public void writeConfig(int offset, int bytes, long value, long negotiated) {
        configuration.write(offset, bytes, value, negotiated);
    }

    @Override
    public void activate(Activation activation) throws IOException {
        long features = activation.features();
        List<Virtqueue> queues = new ArrayList<>();
        Map<Virtqueue, RequestLoop> loops = new HashMap<>();
        activation.queue(INFLATE).ifPresent(queue -> loops.put(queue,
                new RequestLoop(new InflateRequests(backing, counters, log), queue)));
        // A page that is taken back needs nothing done: it is there when it is touched.
        activation.queue(DEFLATE).ifPresent(queue -> loops.put(queue, new RequestLoop(_ -> 0, queue)));
        if ((features & BalloonFeatures.PAGE_REPORTING) != 0) {
            reportingQueue(activation).ifPresent(queue -> loops.put(queue,
                    new RequestLoop(new ReportRequests(backing, configuration, counters, log), queue)));
        }
        queues.addAll(loops.keySet());
        Optional<StatisticsQueue> told = Optional.empty();
        if ((features & BalloonFeatures.STATS_VQ) != 0 && activation.queue(STATISTICS).isPresent()) {
            Virtqueue queue = activation.queue(STATISTICS).get();
            queues.add(queue);
            Duration interval = options.statisticsInterval();
            told = Optional.of(new StatisticsQueue(name, queue, interval, clock, latest -> statistics = latest));
        }
        BalloonHandler handler = new BalloonHandler(loops, told);
        try {
            handler.begin(activation.addThread("queues", handler, queues));
        } catch (IOException e) {
            handler.close();
            throw e;
        }
    }

    /**
     * The fifth, as the specification has it; but up to 6.10 Linux counts only queues whose feature is there ("virtio: fix vq #
     * when vq skipped"), so to it the reporting queue is the one behind the last of the others.
     */
    private static Optional<Virtqueue> reportingQueue(Activation activation) {
        if (activation.queue(REPORTING).isPresent()) {
            return activation.queue(REPORTING);
        }
        return activation.queue((activation.features() & BalloonFeatures.STATS_VQ) != 0 ? STATISTICS + 1 : STATISTICS);
    }

    @Override
    public void save(SavedVirtio.Builder into) {
        into.setBalloon(configuration.save());
    }

    @Override
    public void load(SavedVirtio saved) throws SavedStateException {
        SavedStates.require(saved.hasBalloon(), name);
        configuration.load(saved.getBalloon());
    }

    @Override
    public void reset() {
        configuration.reset();
    }

    @Override
    public void close() {
        // The memory's file is its owner's.
    }
}
