package io.drover.agent.handoff;

import java.util.Comparator;
import java.util.PriorityQueue;

/** A clock that jumps to the next thing to do, in milliseconds. Things of one moment happen in the order of asking. */
final class SimulatedTime {
    private record Due(long atMillis, long number, Runnable what) {}

    private final PriorityQueue<Due> dues = new PriorityQueue<>(
            Comparator.comparingLong(Due::atMillis).thenComparingLong(Due::number));
    private long nowMillis;
    private long asked;

    long now() {
        return nowMillis;
    }

    void in(long millis, Runnable what) {
        dues.add(new Due(nowMillis + Math.max(0, millis), asked++, what));
    }

    /** Does the next thing; false when there is none. */
    boolean step() {
        Due due = dues.poll();
        if (due == null) {
            return false;
        }
        nowMillis = due.atMillis();
        due.what().run();
        return true;
    }
}
