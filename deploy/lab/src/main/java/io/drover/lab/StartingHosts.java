package io.drover.lab;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The hosts of an {@code up} that is not finished. Unless they are kept in the end, they are ended and forgotten: when
 * closed, or when this process is told to end.
 */
final class StartingHosts implements AutoCloseable {
    private final List<HostFolder> folders = new ArrayList<>();
    private final List<HostBoot> boots = new ArrayList<>();
    private final Thread onExit = Thread.ofPlatform().name("lab-interrupted").unstarted(this::endAll);
    private boolean over;

    interface Start {
        HostBoot in(HostFolder folder) throws IOException;
    }

    StartingHosts() {
        Runtime.getRuntime().addShutdownHook(onExit);
    }

    /** Starts a host, unless the end of this process has begun. */
    synchronized HostBoot start(HostFolder folder, Start start) throws IOException {
        if (over) {
            throw new LabException("interrupted");
        }
        folders.add(HostFolder.create(folder.path()));
        HostBoot boot = start.in(folder);
        boots.add(boot);
        return boot;
    }

    synchronized void keep() throws LabException {
        if (over) {
            throw new LabException("interrupted");
        }
        over = true;
    }

    private synchronized void endAll() {
        if (over) {
            return;
        }
        over = true;
        for (HostBoot boot : boots) {
            try {
                boot.unfinished().end();
            } catch (IOException e) {
                System.err.println("host " + boot.unfinished().name() + " could not be ended: " + e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        for (HostFolder folder : folders) {
            try {
                folder.delete();
            } catch (IOException e) {
                System.err.println(folder.path() + " could not be removed: " + e.getMessage());
            }
        }
    }

    @Override
    public void close() {
        endAll();
        try {
            Runtime.getRuntime().removeShutdownHook(onExit);
        } catch (IllegalStateException ignored) {
            // The end of this process has begun: the hook runs, or has run.
        }
    }
}
