package io.drover.vmm.interrupt;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Message interrupts that are written down, as "address:data", in the order in which they were raised. */
public final class RecordedMessages implements MessageInterrupts {
    private final List<String> raised = new ArrayList<>();
    private final AtomicInteger held = new AtomicInteger();

    @Override
    public MessageInterrupt create() {
        held.incrementAndGet();
        return new Recorded();
    }

    /** How many there are that were not given back. */
    public int held() {
        return held.get();
    }

    /** What was raised so far. */
    public synchronized List<String> raised() {
        return List.copyOf(raised);
    }

    /** Waits until a message has been raised so many times, or the deadline is over. */
    public synchronized boolean await(String message, int times, long deadlineMillis) throws InterruptedException {
        long until = System.nanoTime() + deadlineMillis * 1_000_000;
        while (raised.stream().filter(message::equals).count() < times) {
            long left = (until - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }

    private synchronized void add(String message) {
        raised.add(message);
        notifyAll();
    }

    private final class Recorded implements MessageInterrupt {
        private volatile String message = "";

        @Override
        public void route(long address, int data) {
            message = Long.toHexString(address) + ":" + Integer.toHexString(data);
        }

        @Override
        public void raise() {
            add(message);
        }

        @Override
        public void release() {
            held.decrementAndGet();
        }
    }
}
