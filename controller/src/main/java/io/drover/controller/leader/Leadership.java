package io.drover.controller.leader;

import io.drover.controller.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.zookeeper.KeeperException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which of several controllers reconciles. It saves work and conflicts; nothing is safe or unsafe by it.
 */
public final class Leadership implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Leadership.class);

    private final CuratorFramework client;
    private final String id;
    private final LeaderLatch latch;
    private final ExecutorService listenerThread = Executors
            .newSingleThreadExecutor(Thread.ofPlatform().name("leadership").daemon().factory());

    /**
     * Does not queue before {@link #start}.
     *
     * @param id of this controller: no other process has it at the same time
     */
    public Leadership(CuratorFramework client, String id) {
        this.client = client;
        this.id = id;
        this.latch = new LeaderLatch(client, Store.LATCH_PATH, id);
    }

    /**
     * Queues to lead.
     *
     * @param onLeading runs on a thread of its own each time this controller begins to lead
     */
    public void start(Runnable onLeading) throws Exception {
        latch.addListener(new LeaderLatchListener() {
            @Override
            public void isLeader() {
                log.info("controller {} leads", id);
                onLeading.run();
            }

            @Override
            public void notLeader() {
                log.info("controller {} does not lead any more", id);
            }
        }, listenerThread);
        removeFormerSelf();
        latch.start();
    }

    public boolean leading() {
        return latch.hasLeadership();
    }

    /** A process of this id that was killed leaves its place in the queue until its session ends: nobody has to wait for that. */
    private void removeFormerSelf() throws Exception {
        for (String child : client.getChildren().forPath(Store.LATCH_PATH)) {
            String path = Store.LATCH_PATH + "/" + child;
            try {
                if (new String(client.getData().forPath(path), StandardCharsets.UTF_8).equals(id)) {
                    client.delete().forPath(path);
                }
            } catch (KeeperException.NoNodeException ignored) {
                // Its session ended just now.
            }
        }
    }

    @Override
    public void close() throws IOException {
        if (latch.getState() == LeaderLatch.State.STARTED) {
            latch.close();
        }
        listenerThread.shutdownNow();
    }
}
