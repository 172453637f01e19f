package io.drover.agent.cluster;

import com.google.protobuf.InvalidProtocolBufferException;
import io.drover.proto.state.v1.HostRecord;
import io.drover.proto.state.v1.HostSession;
import io.drover.scheduler.host.HostId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.framework.state.ConnectionStateListener;
import org.apache.curator.utils.ZKPaths;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This agent's place in the cluster: the record of its host, and an ephemeral node that lives as long as its session
 * in ZooKeeper. It joins by itself, and again after every new session, for as long as it takes.
 */
public final class Membership implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Membership.class);
    private static final Duration RETRY = Duration.ofSeconds(1);
    /**
     * How much longer than its timeout a session may last: the server looks at sessions once a tick, 2 s by default.
     */
    private static final Duration EXPIRY_SLACK = Duration.ofSeconds(4);

    private final CuratorFramework client;
    private final HostId host;
    private volatile HostRecord facts;
    private final HostSession session;
    private final Optional<String> predecessor;
    private final ConnectionStateListener listener = this::connectionChanged;
    private final Semaphore wake = new Semaphore(0);
    private final CompletableFuture<Void> firstJoin = new CompletableFuture<>();
    private final Thread thread;
    private volatile boolean joined;
    private volatile boolean closed;
    /**
     * The node of another agent that is in the way, and since when: its creation's transaction id tells it from a
     * later one.
     */
    private Optional<Rival> rival = Optional.empty();
    private boolean fenceTold;

    private record Rival(long creation, long sinceNanos) {}

    /** The host's record in ZooKeeper. */
    private record Written(HostRecord record, int version) {}

    /** The host is being deleted: it may join when that is done. */
    private static final class FencedException extends Exception {
        private static final long serialVersionUID = 1;
    }

    /** Another agent has this host's name. */
    private static final class RivalException extends Exception {
        private static final long serialVersionUID = 1;

        RivalException(String message) {
            super(message);
        }
    }

    /**
     * Does nothing yet.
     *
     * @param facts what is advertised of the host; "cordoned" is the controller's and kept
     * @param predecessor the incarnation of the last agent that had this agent's data folder, which is surely dead:
     *        what is left of its session need not be waited for
     */
    public Membership(CuratorFramework client, HostId host, HostRecord facts, HostSession session,
            Optional<String> predecessor) {
        this.client = client;
        this.host = host;
        this.facts = facts;
        this.session = session;
        this.predecessor = predecessor;
        this.thread = Thread.ofVirtual().name("membership").unstarted(this::run);
    }

    /**
     * Begins to join.
     *
     * @return completes when the host is joined for the first time; exceptionally, when another live agent has its name
     */
    public CompletableFuture<Void> join() {
        client.getConnectionStateListenable().addListener(listener);
        thread.start();
        return firstJoin;
    }

    /** What is advertised of the host has changed, or is as it was: then nothing happens. */
    public void advertise(HostRecord newFacts) {
        if (!newFacts.equals(facts)) {
            facts = newFacts;
            joined = false;
            wake.release();
        }
    }

    /** Whether the host is joined by a session that is not known to be in doubt. */
    public boolean isJoined() {
        return joined;
    }

    private void connectionChanged(CuratorFramework ignored, ConnectionState state) {
        switch (state) {
            case CONNECTED, RECONNECTED -> log.info("host {}: connected to ZooKeeper", host);
            case SUSPENDED -> log.warn("host {}: the connection to ZooKeeper is interrupted; guests run on", host);
            case LOST -> log.warn("host {}: the session in ZooKeeper is lost; guests run on", host);
            case READ_ONLY -> log.warn("host {}: connected to a ZooKeeper that is cut off from its ensemble", host);
        }
        joined = false;
        wake.release();
    }

    private void run() {
        try {
            while (!closed) {
                wake.drainPermits();
                if (joined || !client.getZookeeperClient().isConnected() || tryJoin()) {
                    wake.acquire();
                } else {
                    wake.tryAcquire(RETRY.toMillis(), TimeUnit.MILLISECONDS);
                }
            }
        } catch (InterruptedException expected) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean tryJoin() throws InterruptedException {
        try {
            Written record = writeRecord();
            if (!holdLiveNode(record)) {
                return false;
            }
            joined = client.getZookeeperClient().isConnected();
            fenceTold = false;
            log.info("host {}: joined, serving at {}", host, session.getAddress());
            firstJoin.complete(null);
            return joined;
        } catch (RivalException e) {
            if (!firstJoin.isDone()) {
                firstJoin.completeExceptionally(e);
                return true;
            }
            log.error("host {}: cannot join again: {}", host, e.getMessage());
            return false;
        } catch (FencedException e) {
            if (!fenceTold) {
                fenceTold = true;
                log.warn(
                        "host {}: somebody deleted it as off for good, and its VMs are being given up; it joins anew when "
                                + "the controller that leads has done that",
                        host);
            }
            return false;
        } catch (InterruptedException e) {
            throw e;
        } catch (KeeperException.ConnectionLossException | KeeperException.SessionExpiredException
                | KeeperException.OperationTimeoutException e) {
            log.info("host {}: ZooKeeper went away while joining; trying again", host);
            return false;
        } catch (Exception e) {
            // Curator declares Exception; whatever it is, the host must join in the end.
            log.warn("host {}: cannot join yet; trying again", host, e);
            return false;
        }
    }

    /**
     * Writes what is advertised of the host.
     *
     * @return the record as it is then
     */
    private Written writeRecord() throws Exception {
        String path = RecordPaths.host(host);
        while (true) {
            Stat stat = new Stat();
            try {
                byte[] before = client.getData().storingStatIn(stat).forPath(path);
                HostRecord old = HostRecord.parseFrom(before);
                if (old.getFormat() > facts.getFormat()) {
                    throw new RivalException(
                            "the record of host " + host + " has format " + old.getFormat() + ", this agent writes "
                                    + facts.getFormat() + ": upgrade the agent");
                }
                if (old.getFenced()) {
                    throw new FencedException();
                }
                HostRecord merged = facts.toBuilder().setCordoned(old.getCordoned()).build();
                return new Written(merged, merged.equals(old) ? stat.getVersion()
                        : client.setData().withVersion(stat.getVersion()).forPath(path, merged.toByteArray())
                                .getVersion());
            } catch (KeeperException.NoNodeException expected) {
                HostRecord first = facts;
                if (created(path, first)) {
                    return new Written(first, 0);
                }
            } catch (KeeperException.BadVersionException expected) {
                // The controller wrote in between: read what it wrote.
                log.debug("host {}: its record changed meanwhile", host);
            } catch (InvalidProtocolBufferException e) {
                throw new RivalException(
                        "the record " + path + " in ZooKeeper is no HostRecord: remove it by hand, then start again");
            }
        }
    }

    private boolean created(String path, HostRecord record) throws Exception {
        try {
            client.create().creatingParentsIfNeeded().forPath(path, record.toByteArray());
            return true;
        } catch (KeeperException.NodeExistsException expected) {
            return false;
        }
    }

    /**
     * Whether the live node is there and belongs to this agent's present session.
     *
     * @param record the host's: the node is made only while that is so, so that a host which is being deleted (that is
     *        written only while there is no such node) does not come to life meanwhile. It is written again with the node:
     *        whoever counts how long this host has been gone sees by its version that it was not, however short its return
     */
    private boolean holdLiveNode(Written record) throws Exception {
        String path = RecordPaths.live(host);
        client.createContainers(ZKPaths.getPathAndNode(path).getPath());
        try {
            client.transaction().forOperations(
                    client.transactionOp().setData().withVersion(record.version()).forPath(RecordPaths.host(host),
                            record.record().toByteArray()),
                    client.transactionOp().create().withMode(CreateMode.EPHEMERAL).forPath(path,
                            session.toByteArray()));
            rival = Optional.empty();
            return true;
        } catch (KeeperException.BadVersionException | KeeperException.NoNodeException expected) {
            log.debug("host {}: its record changed while it joined", host);
            wake.release();
            return false;
        } catch (KeeperException.NodeExistsException expected) {
            log.debug("host {}: its live node is there already", host);
        }
        Stat stat = new Stat();
        HostSession other;
        try {
            other = HostSession.parseFrom(client.getData().storingStatIn(stat).forPath(path));
        } catch (KeeperException.NoNodeException expected) {
            return false;
        }
        boolean ours = other.getIncarnation().equals(session.getIncarnation());
        if (ours && stat.getEphemeralOwner() == client.getZookeeperClient().getZooKeeper().getSessionId()) {
            return true;
        }
        if (ours || predecessor.filter(other.getIncarnation()::equals).isPresent()) {
            // Left by an earlier session of this agent, or by the agent before it, whose lock on the data folder this
            // one has.
            removeLeft(path, stat.getVersion());
            return false;
        }
        awaitRival(other, stat);
        return false;
    }

    private void removeLeft(String path, int version) throws Exception {
        try {
            client.delete().withVersion(version).forPath(path);
        } catch (KeeperException.NoNodeException expected) {
            log.debug("{} is gone already", path);
        }
        wake.release();
    }

    /** Another agent's node may be left by one that died: it must go within that one's session timeout. */
    private void awaitRival(HostSession other, Stat stat) throws Exception {
        if (rival.isEmpty() || rival.get().creation() != stat.getCzxid()) {
            rival = Optional.of(new Rival(stat.getCzxid(), System.nanoTime()));
            log.warn(
                    "host {}: another agent has joined under this name, at {}, since {}; waiting whether its session ends",
                    host,
                    other.getAddress(), Instant.ofEpochSecond(other.getStartTime().getSeconds()));
        }
        Duration waited = Duration.ofNanos(System.nanoTime() - rival.get().sinceNanos());
        Duration expiry = Duration.ofMillis(client.getZookeeperClient().getZooKeeper().getSessionTimeout())
                .plus(EXPIRY_SLACK);
        if (waited.compareTo(expiry) > 0) {
            throw new RivalException("another live agent has the name " + host + ": it serves at " + other.getAddress()
                    + " since " + Instant.ofEpochSecond(other.getStartTime().getSeconds())
                    + "; give this one another --host, or stop that one first");
        }
    }

    /** Stops joining. The live node goes with the session, when the client is closed. */
    @Override
    public void close() {
        closed = true;
        client.getConnectionStateListenable().removeListener(listener);
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
