package io.drover.vmm.virtio.net;

import io.drover.vmm.linux.EventFile;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.virtio.IoThread;
import io.drover.vmm.virtio.QueueHandler;
import io.drover.vmm.virtio.RequestLoop;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.util.Optional;

/**
 * The work of a pair's thread: whatever wakes it, both directions get a turn, and as long as there is more it wakes itself, so
 * that what waits meanwhile comes in between. The first pair's thread has the control queue too.
 */
final class PairHandler implements QueueHandler {
    /** Of the files that the thread watches: there is something to go on with. */
    private static final int WAKE = 0;
    /** The same, and the port may have something. */
    private static final int PORT = 1;

    private final Optional<Receiver> receiver;
    private final Optional<Transmitter> transmitter;
    private final Optional<RequestLoop> control;
    private final int controlQueue;
    private final FramePort port;
    private final EventFile again;
    private final Throttle inThrottle;
    private final Throttle outThrottle;
    private final Optional<Announcement> announcement;
    private Optional<IoThread> thread = Optional.empty();

    /**
     * For one pair.
     *
     * @param inThrottle
     *            closed with this, as are all of these
     * @param controlQueue
     *            its number, if there is one
     * @param announcement
     *            that is sent through the port before anything else, when it is to be
     */
    PairHandler(Optional<Receiver> receiver, Optional<Transmitter> transmitter, Optional<RequestLoop> control,
            int controlQueue, FramePort port, EventFile again, Throttle inThrottle, Throttle outThrottle,
            Optional<Announcement> announcement) {
        this.receiver = receiver;
        this.transmitter = transmitter;
        this.control = control;
        this.controlQueue = controlQueue;
        this.port = port;
        this.again = again;
        this.inThrottle = inThrottle;
        this.outThrottle = outThrottle;
        this.announcement = announcement;
    }

    /** Tells of the thread, before it starts, and has it watch what it must. */
    void begin(IoThread newThread) throws IOException {
        thread = Optional.of(newThread);
        newThread.watchChanges(again.file(), WAKE);
        newThread.watchChanges(inThrottle.alarm(), WAKE);
        newThread.watchChanges(outThrottle.alarm(), WAKE);
        port.attach(file -> newThread.watchChanges(file, PORT));
    }

    @Override
    public boolean kicked(Virtqueue queue) throws QueueBreachException {
        if (control.isPresent() && queue.number() == controlQueue) {
            return control.get().kicked(queue);
        }
        takeTurns();
        return false;
    }

    @Override
    public void ready(int source) throws QueueBreachException {
        if (source == PORT && receiver.isPresent()) {
            receiver.get().portChanged();
        }
        if (thread.isPresent() && thread.get().mayTouchMemory()) {
            takeTurns();
        }
    }

    private void takeTurns() throws QueueBreachException {
        if (announcement.isPresent()) {
            announcement.get().sendIfOwed(port);
        }
        boolean moreIn = receiver.isPresent() && receiver.get().run();
        boolean moreOut = transmitter.isPresent() && transmitter.get().run();
        if (moreIn || moreOut) {
            again.ring();
        }
    }

    @Override
    public void close() {
        port.detach();
        again.close();
        inThrottle.close();
        outThrottle.close();
    }
}
