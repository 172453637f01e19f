package io.drover.vmm.client;

import java.io.IOException;

/**
 * Hears of a VMM, on the client's reader thread: return soon, and make no blocking call to the same client. After
 * {@link #disconnected} nothing more comes.
 */
public interface VmmListener {
    /** The first call is the state as it was when the watch began. */
    void changed(VmmStatus status);

    /** The VM is being saved, and so far it is. */
    default void saving(VmmSaveProgress progress) {
        // Of use only to who shows it.
    }

    /** The VM is being sent to another host, or received from one: its phase has changed, or there is progress. */
    default void migrating(VmmMigration migration) {
        // Of use only to who migrates it.
    }

    /** The machine has ended and its exit file is written; the process ends now. */
    void ended(VmmEnd end);

    /** The connection is gone: closed by this side, by the VMM after its end, or because its process died. */
    void disconnected(IOException cause);
}
