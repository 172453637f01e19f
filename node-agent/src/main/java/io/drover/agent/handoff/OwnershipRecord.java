package io.drover.agent.handoff;

import java.util.function.Consumer;

/**
 * One VM's record in ZooKeeper. An answer comes later, by any thread, once; that of a lost connection is one too.
 */
public interface OwnershipRecord {
    /** Reads it after a sync, so that all is seen that was written before the call. */
    void read(Consumer<HandOffEvent> answer);

    /**
     * Replaces what it says of ownership, if it still has that version.
     *
     * @param answer Seen only if the server said that it was done; a connection that broke meanwhile leaves it unanswered
     */
    void write(HandOffAction.Write write, Consumer<HandOffEvent> answer);
}
