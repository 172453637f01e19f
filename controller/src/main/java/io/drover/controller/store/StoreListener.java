package io.drover.controller.store;

import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostSession;
import io.drover.controller.record.Image;
import io.drover.controller.record.Task;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import java.util.Optional;

/**
 * Hears of every change of the records in memory, in the order of the store, on its one thread: must not block. A record
 * that changed twice may be told once.
 */
public interface StoreListener {
    /** At least one of both is there. */
    default void vmChanged(Optional<Versioned<Vm>> before, Optional<Versioned<Vm>> after) {}

    default void hostChanged(Optional<Versioned<Host>> before, Optional<Versioned<Host>> after) {}

    default void sessionChanged(Optional<HostSession> before, Optional<HostSession> after) {}

    /** A session has ended, also one that came and went too fast to be seen by {@link #sessionChanged}. */
    default void sessionEnded(HostId host) {}

    default void imageChanged(Optional<Versioned<Image>> before, Optional<Versioned<Image>> after) {}

    default void taskChanged(Optional<Versioned<Task>> before, Optional<Versioned<Task>> after) {}

    /** All that is in the store is in memory: at the start, and again each time the connection came back. */
    default void synced() {}
}
