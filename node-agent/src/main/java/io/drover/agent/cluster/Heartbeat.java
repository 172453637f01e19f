package io.drover.agent.cluster;

import io.drover.scheduler.host.HostId;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooKeeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks ZooKeeper, again and again, whether this host's live node is there and belongs to the session that asks: a read, one for
 * the whole host. An answer means that the session was alive when the question was sent, as far as the server that answered knew.
 * The client's own notice of a lost session comes much later than the session's end, so it counts for nothing here.
 */
public final class Heartbeat implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Heartbeat.class);

    /** Hears each answer, on a thread of ZooKeeper's client: returns soon. */
    @FunctionalInterface
    public interface Listener {
        /**
         * This host is joined by this session.
         *
         * @param sentBootNanos when that was asked, on CLOCK_BOOTTIME
         */
        void alive(long session, long sentBootNanos);
    }

    private final CuratorFramework client;
    private final String path;
    private final Duration session;
    private final Listener listener;
    private final LongSupplier bootNanos;
    private final ScheduledFuture<?> beats;
    private volatile boolean told;

    private Heartbeat(CuratorFramework client, HostId host, Duration session, Duration every, Listener listener,
            LongSupplier bootNanos, ScheduledExecutorService timer) {
        this.client = client;
        this.path = RecordPaths.live(host);
        this.session = session;
        this.listener = listener;
        this.bootNanos = bootNanos;
        this.beats = timer.scheduleAtFixedRate(this::beat, 0, every.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Begins to ask.
     *
     * @param session the shortest that the timing allows for: while the server gives a shorter one, nothing is alive
     * @param every how often
     */
    public static Heartbeat start(CuratorFramework client, HostId host, Duration session, Duration every,
            Listener listener, LongSupplier bootNanos, ScheduledExecutorService timer) {
        return new Heartbeat(client, host, session, every, listener, bootNanos, timer);
    }

    private void beat() {
        try {
            if (!client.getZookeeperClient().isConnected()) {
                return;
            }
            ZooKeeper asked = client.getZookeeperClient().getZooKeeper();
            long id = asked.getSessionId();
            long sent = bootNanos.getAsLong();
            asked.exists(path, false, (code, node, context, stat) -> {
                if (code == KeeperException.Code.OK.intValue() && id != 0 && stat.getEphemeralOwner() == id
                        && isLongEnough(asked)) {
                    listener.alive(id, sent);
                }
            }, null);
        } catch (Exception e) {
            // Curator declares Exception; the next beat asks again.
            log.debug("ZooKeeper could not be asked", e);
        }
    }

    private boolean isLongEnough(ZooKeeper asked) {
        boolean enough = asked.getSessionTimeout() >= session.toMillis();
        if (!enough && !told) {
            told = true;
            log.error(
                    "ZooKeeper gives sessions of {} ms (expected: at least {} ms, as --zookeeper-session says): VMs that "
                            + "need leases do not run here; give a shorter --zookeeper-session, or raise maxSessionTimeout",
                    asked.getSessionTimeout(), session.toMillis());
        }
        return enough;
    }

    @Override
    public void close() {
        beats.cancel(false);
    }
}
