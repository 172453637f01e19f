package io.drover.vmm.timer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** A timer and the clock that it goes by, both moved by the test. */
public final class FakeTimer implements Timer {
    private final List<Waiting> waiting = new ArrayList<>();
    private long now = 1_000_000;
    private int mostWaiting;

    private record Waiting(long at, Runnable action) {}

    @Override
    public Wakeup after(long nanos, Runnable action) {
        Waiting one = new Waiting(now + nanos, action);
        waiting.add(one);
        mostWaiting = Math.max(mostWaiting, waiting.size());
        return () -> waiting.remove(one);
    }

    /** Of the clock. */
    public long now() {
        return now;
    }

    /** The most actions that waited at once. */
    public int mostWaiting() {
        return mostWaiting;
    }

    /** Lets time go by, and runs what is due on its way. */
    public void advance(long nanos) {
        long until = now + nanos;
        while (true) {
            Optional<Waiting> next = waiting.stream().filter(each -> each.at <= until)
                    .min(Comparator.comparingLong(Waiting::at));
            if (next.isEmpty()) {
                break;
            }
            waiting.remove(next.get());
            now = Math.max(now, next.get().at);
            next.get().action.run();
        }
        now = until;
    }
}
