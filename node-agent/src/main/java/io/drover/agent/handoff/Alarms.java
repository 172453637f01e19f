package io.drover.agent.handoff;

/** Wakes a hand-off later, by a Woken event. */
public interface Alarms {
    /** Sets it, in place of one of the same kind that was set before. */
    void wake(Alarm alarm);
}
