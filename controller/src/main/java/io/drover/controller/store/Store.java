package io.drover.controller.store;

import io.drover.controller.record.HostId;
import io.drover.controller.record.RecordKey;
import io.drover.controller.record.StoredRecord;
import io.drover.controller.record.CpuModel;
import io.drover.controller.record.Host;
import io.drover.controller.record.Image;
import io.drover.controller.record.Task;
import io.drover.controller.record.Vm;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.zookeeper.AsyncCallback;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records in ZooKeeper: the whole state in memory, kept up by one watch, and transactions of compare-and-sets.
 *
 * <p>Everything that comes from ZooKeeper comes through the event thread of one session, in the order in which the server
 * sent it: the notice of a change precedes the answer to the transaction that made it, and answers come in the order of
 * their questions. So a question asked after a commit is answered after the records of that commit are in memory; a commit is
 * reported only then, and whoever made a change sees it.
 *
 * <p>A persistent watch misses what happens while the connection is away, so all is read again each time it is back.
 */
public final class Store implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Store.class);
    /** Where controllers queue to lead. */
    public static final String LATCH_PATH = Layout.LATCH;

    /** Longer than any session: an answer that is this late is unknown. */
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);

    private final CuratorFramework client;
    private final Clock clock;
    private final View view = new View();
    private final ViewKeeper keeper;
    private final PersistentWatcher watcher;
    private final CountDownLatch firstSync = new CountDownLatch(1);
    /** When the connection went away; empty while it is there. */
    private final AtomicReference<Optional<Instant>> awaySince;

    /**
     * Reads nothing before {@link #start}.
     *
     * @param client started; closed by whoever made it, after this
     */
    public Store(CuratorFramework client, Clock clock) {
        this.client = client;
        this.clock = clock;
        this.keeper = new ViewKeeper(view, this::zooKeeper, firstSync::countDown);
        this.watcher = new PersistentWatcher(client, Layout.ROOT, true);
        this.awaySince = new AtomicReference<>(Optional.of(clock.instant()));
    }

    /** Listeners are added before {@link #start}. */
    public void addListener(StoreListener listener) {
        keeper.addListener(listener);
    }

    /** Makes the parents of all records, then reads and watches them. Blocks until ZooKeeper answered. */
    public void start() throws InterruptedException {
        client.getConnectionStateListenable().addListener((ignored, state) -> connectionChanged(state));
        watcher.getListenable().addListener(keeper::notice);
        watcher.getResetListenable().addListener(keeper::readAll);
        Instant lastSaid = clock.instant();
        while (true) {
            if (client.blockUntilConnected(1, TimeUnit.SECONDS) && makeParents()) {
                break;
            }
            if (lastSaid.plusSeconds(10).isBefore(clock.instant())) {
                lastSaid = clock.instant();
                log.warn("waiting for ZooKeeper at {}", client.getZookeeperClient().getCurrentConnectionString());
            }
        }
        awaySince.set(Optional.empty());
        watcher.start();
        while (!firstSync.await(10, TimeUnit.SECONDS)) {
            log.warn("waiting for ZooKeeper at {} to give all records",
                    client.getZookeeperClient().getCurrentConnectionString());
        }
        log.info("records read: {} VMs, {} hosts, {} images, {} tasks", view.vms.size(), view.hosts.size(),
                view.images.size(),
                view.tasks.size());
    }

    public View view() {
        return view;
    }

    /** When ZooKeeper stopped to answer; empty while it does. */
    public Optional<Instant> awaySince() {
        return awaySince.get();
    }

    /** How many records cannot be read by this program. */
    public int unreadable() {
        return keeper.unreadable();
    }

    /**
     * All changes or none.
     *
     * @return ends when the changes are in {@link #view}, or with a {@link CommitException}, after a conflict when that which
     *     was there first is in the view; completed by the store's thread, so what depends on it must not block
     */
    public CompletableFuture<Void> commit(List<Change> changes) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        List<Op> ops = new ArrayList<>();
        List<Change> origins = new ArrayList<>();
        for (Change change : changes) {
            for (Op op : ops(change)) {
                ops.add(op);
                origins.add(change);
            }
        }
        try {
            ZooKeeper zooKeeper = zooKeeper();
            zooKeeper.multi(ops, (AsyncCallback.MultiCallback) (code, path, context, results) -> {
                KeeperException.Code outcome = KeeperException.Code.get(code);
                if (outcome == KeeperException.Code.OK) {
                    barrier(done);
                } else {
                    fail(done, failure(origins, outcome, results));
                }
            }, null);
        } catch (CommitException e) {
            done.completeExceptionally(e);
        }
        return done;
    }

    /** As {@link #commit}, for threads that may wait. */
    public void commitAndWait(List<Change> changes) throws CommitException, InterruptedException {
        await(commit(changes));
    }

    /** Waits until all that was committed by anybody before this call is in {@link #view}. */
    public void refresh() throws CommitException, InterruptedException {
        CompletableFuture<Void> done = new CompletableFuture<>();
        syncThenBarrier(done);
        await(done);
    }

    private void await(CompletableFuture<Void> done) throws CommitException, InterruptedException {
        try {
            done.get(ANSWER_LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof CommitException failure) {
                throw failure;
            }
            throw new CommitException.Unknown("the answer of ZooKeeper could not be read", e.getCause());
        } catch (TimeoutException e) {
            throw new CommitException.Unknown("ZooKeeper has not answered for " + ANSWER_LIMIT.toSeconds() + " s", e);
        }
    }

    /** A conflict is told when what it conflicts with is in memory: whoever tries again decides on newer records. */
    @SuppressWarnings("FutureReturnValueIgnored") // told by {@code done}
    private void fail(CompletableFuture<Void> done, CommitException failure) {
        if (failure instanceof CommitException.Conflict) {
            CompletableFuture<Void> seen = new CompletableFuture<>();
            syncThenBarrier(seen);
            seen.whenComplete((nothing, ignored) -> done.completeExceptionally(failure));
        } else {
            done.completeExceptionally(failure);
        }
    }

    private void syncThenBarrier(CompletableFuture<Void> done) {
        try {
            zooKeeper().sync(Layout.ROOT, (code, path, context) -> {
                if (code == KeeperException.Code.OK.intValue()) {
                    barrier(done);
                } else {
                    done.completeExceptionally(away(KeeperException.create(KeeperException.Code.get(code), path)));
                }
            }, null);
        } catch (CommitException e) {
            done.completeExceptionally(e);
        }
    }

    /** Ends {@code done} after everything that was noticed before has been read. */
    private void barrier(CompletableFuture<Void> done) {
        try {
            // Only the order of the answer counts, not what it says; if the connection breaks, the commit still is one.
            zooKeeper().exists(Layout.ROOT, false, (code, path, context, stat) -> done.complete(null), null);
        } catch (CommitException e) {
            done.complete(null);
        }
    }

    private static List<Op> ops(Change change) {
        String path = Layout.path(change.key());
        return switch (change) {
            case Change.Create(StoredRecord record) ->
                List.of(Op.create(path, encode(record), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            case Change.Put(StoredRecord record, int version) -> List.of(Op.setData(path, encode(record), version));
            case Change.Remove(RecordKey key, int version) -> List.of(Op.delete(path, version));
            case Change.Check(RecordKey key, int version) -> List.of(Op.check(path, version));
            // ZooKeeper cannot check that a node is missing, but it can make and remove one in the same transaction.
            case Change.NoSession(HostId host) -> List.of(
                    Op.create(Layout.session(host), new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
                    Op.delete(Layout.session(host), -1));
        };
    }

    private static byte[] encode(StoredRecord record) {
        return switch (record) {
            case Vm vm -> VmCodec.encode(vm);
            case Host host -> HostCodec.encode(host);
            case Image image -> ImageCodec.encode(image);
            case CpuModel model -> CpuModelCodec.encode(model);
            case Task task -> TaskCodec.encode(task);
        };
    }

    /** The conflict is that of the change whose operation failed first. */
    private CommitException failure(List<Change> origins, KeeperException.Code outcome, List<OpResult> results) {
        KeeperException cause = KeeperException.create(outcome);
        return switch (outcome) {
            case NODEEXISTS, BADVERSION, NONODE -> new CommitException.Conflict(origins.get(failed(results)).key(),
                    outcome == KeeperException.Code.NODEEXISTS, cause);
            case CONNECTIONLOSS, OPERATIONTIMEOUT ->
                new CommitException.Unknown("the connection to ZooKeeper broke before its answer came", cause);
            // An expired session has had no transaction after its end; the others say that ZooKeeper took none.
            default -> away(cause);
        };
    }

    /** The first operation with an error of its own; the others say that they were rolled back. */
    private static int failed(List<OpResult> results) {
        if (results != null) {
            for (int i = 0; i < results.size(); i++) {
                if (results.get(i) instanceof OpResult.ErrorResult error
                        && error.getErr() != KeeperException.Code.OK.intValue()
                        && error.getErr() != KeeperException.Code.RUNTIMEINCONSISTENCY.intValue()) {
                    return i;
                }
            }
        }
        return 0;
    }

    private CommitException away(Throwable cause) {
        return new CommitException.Away(awaySince.get().orElseGet(clock::instant), cause);
    }

    private ZooKeeper zooKeeper() throws CommitException {
        if (awaySince.get().isPresent()) {
            throw away(null);
        }
        try {
            return client.getZookeeperClient().getZooKeeper();
        } catch (Exception e) {
            throw away(e);
        }
    }

    private void connectionChanged(ConnectionState state) {
        if (state.isConnected()) {
            Optional<Instant> since = awaySince.getAndSet(Optional.empty());
            since.ifPresent(instant -> log.info("ZooKeeper answers again, it had not since {}", instant));
        } else if (awaySince.compareAndSet(Optional.empty(), Optional.of(clock.instant()))) {
            log.warn("ZooKeeper does not answer ({}): reads go on from memory, changes are refused", state);
        }
    }

    /** False when the connection broke meanwhile. */
    private boolean makeParents() {
        List<String> paths = new ArrayList<>(Layout.parents());
        try {
            for (String path : paths) {
                try {
                    client.create().forPath(path, new byte[0]);
                } catch (KeeperException.NodeExistsException ignored) {
                    // Made by an earlier start, or by an agent that was here first.
                }
            }
            return true;
        } catch (Exception e) {
            log.warn("cannot make the parents of the records: {}", e.toString());
            return false;
        }
    }

    @Override
    public void close() {
        watcher.close();
    }
}
