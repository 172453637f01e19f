package io.drover.agent.handoff;

import java.io.IOException;

/** Where a hand-off's note is kept, across the deaths of agents and of the host. */
public interface Notes {
    /** Replaces it; it is durable when this returns. */
    void keep(HandOffNote note) throws IOException;

    /** Removes it. One that is not removed does no harm: the record is read again. */
    void forget() throws IOException;
}
