package io.drover.controller.agent;

import java.time.Instant;

/** Whether this controller can ask a host. */
public sealed interface HostReach {
    /** Its agent is connected and has told all that it runs. */
    record Ready() implements HostReach {}

    /** Its session in ZooKeeper lives, but its agent cannot be talked to. */
    record Unreachable(Instant since, String why) implements HostReach {}

    /**
     * It has no session.
     *
     * @param since when this controller saw it end, or when the controller started
     */
    record Away(Instant since) implements HostReach {}

    default boolean ready() {
        return this instanceof Ready;
    }
}
