package io.drover.agent.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;

/**
 * Watches the records of the VMs on this host, so that a change of owner is acted on while the VM runs. It tells that
 * a record may have changed, also after each new connection to ZooKeeper; the listener reads it for itself. A VM at
 * rest costs nothing.
 */
public final class OwnershipWatch implements AutoCloseable {
    private final CuratorFramework client;
    private final ReentrantLock lock = new ReentrantLock();
    @GuardedBy("lock")
    private final Map<String, CuratorCache> watches = new HashMap<>();

    public OwnershipWatch(CuratorFramework client) {
        this.client = client;
    }

    /**
     * Begins to watch, unless the VM is watched already.
     *
     * @param changed called with the uid, on a thread of ZooKeeper's client: return soon
     */
    public void add(String vm, String uid, Consumer<String> changed) {
        lock.lock();
        try {
            watches.computeIfAbsent(uid, key -> {
                CuratorCache cache = CuratorCache.build(client, RecordPaths.vm(vm),
                        CuratorCache.Options.SINGLE_NODE_CACHE);
                cache.listenable()
                        .addListener(CuratorCacheListener.builder().forAll((type, before, after) -> changed.accept(uid))
                                .forInitialized(() -> changed.accept(uid)).build());
                cache.start();
                return cache;
            });
        } finally {
            lock.unlock();
        }
    }

    public void remove(String uid) {
        lock.lock();
        try {
            CuratorCache cache = watches.remove(uid);
            if (cache != null) {
                cache.close();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            watches.values().forEach(CuratorCache::close);
            watches.clear();
        } finally {
            lock.unlock();
        }
    }
}
