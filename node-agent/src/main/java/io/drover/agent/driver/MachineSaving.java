package io.drover.agent.driver;

import io.drover.vmm.client.VmmSaveProgress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/** A machine whose guest is saved into a file, or has come from one. Safe for all threads. */
public interface MachineSaving {
    /**
     * Saves the guest and leaves it paused for ever; returns when the file is there, whole and durable, however long that
     * takes. One that is being saved already, because an earlier agent asked, is waited for.
     *
     * @param file in the run folder; as soon as it is there it is whole
     * @param progress told by a thread that must not be kept
     * @throws IOException when the guest was not saved: it runs on, if its process does
     */
    void save(Path file, Consumer<VmmSaveProgress> progress) throws IOException, InterruptedException;

    /** Ends what {@link #save} does, which then fails, if it can still. Returns at once. */
    void cancel() throws IOException;

    /** Lets a guest run that was {@link SavingDriver#spawnSaved made from a file}; twice is as once. */
    void goOn() throws IOException;
}
