package io.drover.vmm.virtio.console;

import io.drover.vmm.linux.EventFile;
import io.drover.vmm.virtio.IoThread;
import io.drover.vmm.virtio.QueueHandler;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** The work of the device's thread: whatever wakes it, each port gets a turn, and as long as there is more it wakes itself. */
final class PortsHandler implements QueueHandler {
    /** Of the files that the thread watches: those of each port have its number behind this. */
    private static final int AGAIN = 0;
    private static final int FIRST_PORT = 1;

    private final List<Port> ports;
    private final List<PortQueues> queues;
    private final Optional<ControlQueues> control;
    private final EventFile again;
    private Optional<IoThread> thread = Optional.empty();

    /**
     * For one driver.
     *
     * @param ports
     *            those that it may use, by number
     * @param queues
     *            of those of them whose queues it has enabled
     * @param control
     *            if it knows of several ports
     * @param again
     *            closed with this
     */
    PortsHandler(List<Port> ports, List<PortQueues> queues, Optional<ControlQueues> control, EventFile again) {
        this.ports = List.copyOf(ports);
        this.queues = List.copyOf(queues);
        this.control = control;
        this.again = again;
    }

    /** Tells of the thread, before it starts, and has it watch what it must. */
    void begin(IoThread newThread) throws IOException {
        thread = Optional.of(newThread);
        newThread.watchChanges(again.file(), AGAIN);
        for (Port port : ports) {
            port.end().attach(file -> newThread.watchChanges(file, FIRST_PORT + port.number()));
            if (control.isEmpty()) {
                port.useAlone();
            }
        }
    }

    @Override
    public boolean kicked(Virtqueue queue) throws QueueBreachException {
        takeTurns();
        return false;
    }

    @Override
    public void ready(int source) throws QueueBreachException {
        if (source != AGAIN) {
            ports.get(source - FIRST_PORT).end().stir();
        }
        if (thread.isPresent() && thread.get().mayTouchMemory()) {
            takeTurns();
        }
    }

    private void takeTurns() throws QueueBreachException {
        boolean more = control.isPresent() && control.get().take();
        for (Port port : ports) {
            // The guest hears that one has gone before it hears of the next.
            if (port.isReady() && !port.isHostOpen()) {
                port.end().admit();
            }
        }
        if (control.isPresent()) {
            control.get().give();
        }
        for (PortQueues each : queues) {
            more |= each.take();
            more |= each.give();
        }
        // Who has gone meanwhile makes room for the next.
        more |= control.isPresent() && control.get().give();
        if (more) {
            again.ring();
        }
    }

    @Override
    public void close() {
        for (Port port : ports) {
            port.end().detach();
        }
        again.close();
    }
}
