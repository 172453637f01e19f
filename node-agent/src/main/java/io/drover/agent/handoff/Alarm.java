package io.drover.agent.handoff;

/** What is waited for, each at most once at a time. How long is {@link ScheduledAlarms.Patience}'s business. */
public enum Alarm {
    /** ZooKeeper did not answer: before it is asked again. */
    RETRY,
    /** The migration has taken as long as the operator gave it, or longer than a hand-off can: before it is given up. */
    DEADLINE,
    /** The guest stands still: before what it waits for is given up. */
    SWITCH
}
