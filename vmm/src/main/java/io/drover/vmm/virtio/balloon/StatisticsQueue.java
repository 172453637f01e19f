package io.drover.vmm.virtio.balloon;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.TimerFile;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * The queue on which a driver tells of its guest's memory (virtio 1.2, 5.5.6.3), the other way round than others: its one buffer
 * is kept, and giving it back asks for the next.
 */
final class StatisticsQueue implements AutoCloseable {
    private final Virtqueue queue;
    private final DescriptorChain chain;
    private final long intervalNanos;
    private final TimerFile timer;
    private final InstantSource clock;
    private final Consumer<Optional<MemoryStatistics>> told;
    private OptionalInt held = OptionalInt.empty();

    /**
     * For one driver.
     *
     * @param told
     *            gets what the driver tells, and empty when it is gone
     */
    StatisticsQueue(String name, Virtqueue queue, Duration interval, InstantSource clock,
            Consumer<Optional<MemoryStatistics>> told) throws IOException {
        this.queue = queue;
        this.chain = queue.newChain();
        this.intervalNanos = interval.toNanos();
        this.clock = clock;
        this.told = told;
        this.timer = TimerFile.create(name + " statistics");
        timer.set(intervalNanos);
    }

    /** To be watched for changes; calls for {@link #ask}. */
    FileHandle alarm() {
        return timer.file();
    }

    /** Gives the buffer back, if the driver has not been asked already. */
    void ask() {
        timer.set(intervalNanos);
        if (held.isPresent()) {
            queue.push(held.getAsInt(), 0);
            held = OptionalInt.empty();
            queue.publish();
        }
    }

    /** Takes what the driver has told; true when there may be more. */
    boolean kicked() throws QueueBreachException {
        queue.ignoreKicks();
        for (int left = queue.size(); left > 0; left--) {
            if (!queue.pop(chain)) {
                queue.publish();
                return queue.heedKicks();
            }
            if (held.isPresent()) {
                // No driver should have two on the way (5.5.6.3.1): it gets the older one back.
                queue.push(held.getAsInt(), 0);
            }
            held = OptionalInt.of(chain.head());
            told.accept(Optional.of(MemoryStatistics.read(chain.readable(), clock.instant())));
        }
        queue.publish();
        return true;
    }

    @Override
    public void close() {
        timer.close();
        told.accept(Optional.empty());
    }
}
