package io.drover.agent.folder;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells when files in folders were written to, for all folders of the agent by one inotify instance, of which a user
 * may have few (inotify(7)). A folder at rest costs nothing. Safe for all threads.
 */
public final class FolderWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FolderWatch.class);

    private final WatchService service;
    private final Map<WatchKey, Runnable> watched = new ConcurrentHashMap<>();
    private final Thread thread;

    public FolderWatch() throws IOException {
        service = FileSystems.getDefault().newWatchService();
        thread = Thread.ofPlatform().daemon().name("folder-watch").start(this::run);
    }

    /** One watched folder. */
    public final class Watch implements AutoCloseable {
        private final WatchKey key;

        private Watch(WatchKey key) {
            this.key = key;
        }

        @Override
        public void close() {
            watched.remove(key);
            key.cancel();
        }
    }

    /**
     * Watches a folder that nobody watches.
     *
     * @param written called after something was written, once for many writes, on the watch's own thread: return at
     *        once
     */
    public Watch watch(Path folder, Runnable written) throws IOException {
        WatchKey key = folder.register(service, StandardWatchEventKinds.ENTRY_MODIFY);
        watched.put(key, written);
        written.run();
        return new Watch(key);
    }

    private void run() {
        try {
            while (true) {
                WatchKey key = service.take();
                key.pollEvents();
                key.reset();
                Runnable written = watched.get(key);
                if (written != null) {
                    written.run();
                }
            }
        } catch (ClosedWatchServiceException expected) {
            log.debug("the watch ends");
        } catch (InterruptedException expected) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        service.close();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
