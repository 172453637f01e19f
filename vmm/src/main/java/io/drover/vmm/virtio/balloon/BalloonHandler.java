package io.drover.vmm.virtio.balloon;

import io.drover.vmm.virtio.IoThread;
import io.drover.vmm.virtio.QueueHandler;
import io.drover.vmm.virtio.RequestLoop;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/** The work of the device's one thread, queue by queue. */
final class BalloonHandler implements QueueHandler {
    private static final int ALARM = 0;

    private final Map<Virtqueue, RequestLoop> loops;
    private final Optional<StatisticsQueue> statistics;
    private Optional<IoThread> thread = Optional.empty();

    /**
     * For one driver.
     *
     * @param loops
     *            of every queue but the one for statistics
     */
    BalloonHandler(Map<Virtqueue, RequestLoop> loops, Optional<StatisticsQueue> statistics) {
        this.loops = Map.copyOf(loops);
        this.statistics = statistics;
    }

    /** Tells of the thread, before it starts, and has it watch what it must. */
    void begin(IoThread newThread) throws IOException {
        thread = Optional.of(newThread);
        if (statistics.isPresent()) {
            newThread.watchChanges(statistics.get().alarm(), ALARM);
        }
    }

    @Override
    public boolean kicked(Virtqueue queue) throws QueueBreachException {
        RequestLoop loop = loops.get(queue);
        return loop == null ? statistics.isPresent() && statistics.get().kicked() : loop.kicked(queue);
    }

    @Override
    public void ready(int source) {
        if (statistics.isPresent() && thread.isPresent() && thread.get().mayTouchMemory()) {
            statistics.get().ask();
        }
    }

    @Override
    public void close() {
        if (statistics.isPresent()) {
            statistics.get().close();
        }
    }
}
