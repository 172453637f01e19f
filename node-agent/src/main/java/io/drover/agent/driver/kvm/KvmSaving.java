package io.drover.agent.driver.kvm;

import io.drover.agent.driver.MachineSaving;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSaveProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** A VMM that saves its guest, by its control socket. */
final class KvmSaving implements MachineSaving {
    /** More than any disk takes for any memory: a VMM that is gone shows by its connection. */
    private static final Duration PATIENCE = Duration.ofHours(24);
    private static final long PAUSE_MILLIS = 100;
    private static final String UNDER_WAY = "BUSY";
    /** To cancel what has ended. */
    private static final String TOO_LATE = "FAILED";

    private final VmmClient client;
    private final AtomicLong epoch;
    private volatile Consumer<VmmSaveProgress> told = ignored -> {};

    /**
     * Of one VMM.
     *
     * @param epoch that it runs its guest under
     */
    KvmSaving(VmmClient client, AtomicLong epoch) {
        this.client = client;
        this.epoch = epoch;
    }

    void progress(VmmSaveProgress now) {
        told.accept(now);
    }

    @Override
    public void save(Path file, Consumer<VmmSaveProgress> progress) throws IOException, InterruptedException {
        told = progress;
        // One that an earlier agent asked for ends with the file there, or without: then it is asked for again.
        while (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            try {
                client.save(file, false, PATIENCE);
                return;
            } catch (VmmRefusedException e) {
                if (!e.reason().equals(UNDER_WAY)) {
                    throw new IOException(e.getMessage(), e);
                }
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    @Override
    public void cancel() throws IOException {
        try {
            client.cancelSave();
        } catch (VmmRefusedException e) {
            if (!e.reason().equals(TOO_LATE)) {
                throw new IOException(e.getMessage(), e);
            }
        }
    }

    @Override
    public void goOn() throws IOException {
        try {
            client.resume(epoch.get());
        } catch (VmmRefusedException e) {
            throw new IOException(e.getMessage(), e);
        }
    }
}
