package io.drover.agent.testing;

import com.google.protobuf.Timestamp;
import io.drover.proto.state.v1.HostRecord;
import io.drover.proto.state.v1.HostSession;
import io.drover.proto.state.v1.Migration;
import io.drover.proto.state.v1.VmRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryForever;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingServer;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;

/** A real ZooKeeper on loopback, and what a controller would write there. */
public final class Cluster implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final TestingServer server;
    private final CuratorFramework client;

    /** Starts one whose sessions may be as short as a second. */
    public Cluster() throws Exception {
        Map<String, Object> properties = new HashMap<>();
        properties.put("admin.enableServer", "false");
        server = new TestingServer(new InstanceSpec(null, -1, -1, -1, true, -1, 500, -1, properties), true);
        client = CuratorFrameworkFactory.newClient(server.getConnectString(), new RetryForever(100));
        client.start();
    }

    public String connectString() {
        return server.getConnectString();
    }

    /** Takes ZooKeeper away; its data stays. */
    public void stop() throws Exception {
        server.stop();
    }

    /** Brings it back. */
    public void restart() throws Exception {
        server.restart();
    }

    /** Writes the record of a VM that a host owns. */
    public void own(String vm, String uid, String host, long epoch) throws Exception {
        write(vm, VmRecord.newBuilder().setFormat(1).setVm(vm).setUid(uid).setLastEpoch(epoch)
                .setOwner(VmRecord.Owner.newBuilder().setHost(host).setEpoch(epoch)).build());
    }

    /** Writes the record of a VM that nobody owns. */
    public void disown(String vm, String uid) throws Exception {
        write(vm, VmRecord.newBuilder().setFormat(1).setVm(vm).setUid(uid).build());
    }

    /** Writes the record of a VM that nobody owns, and whose disks are on a host. */
    public void keepDisks(String vm, String uid, String host) throws Exception {
        write(vm, VmRecord.newBuilder().setFormat(2).setVm(vm).setUid(uid).setDisksHost(host).build());
    }

    /** Begins a migration of a VM that a host owns, as a controller does, unless its record changes meanwhile. */
    public void migrate(String vm, String destination, String id, Migration.Options options) throws Exception {
        change(vm, record -> record.setFormat(10).setMigration(Migration.newBuilder().setId(id)
                .setPhase(Migration.Phase.PREPARING).setSource(record.getOwner().getHost()).setDestination(destination)
                .setEpoch(record.getOwner().getEpoch()).setOptions(options)
                .setStartTime(Timestamp.newBuilder().setSeconds(Instant.now().getEpochSecond()))));
    }

    /** Sets the mark of a cancel; does nothing once it is too late. */
    public void cancelMigration(String vm) throws Exception {
        change(vm, record -> {
            if (record.hasMigration() && record.getMigration().getPhase() != Migration.Phase.SWITCHING) {
                record.getMigrationBuilder().setCancelRequested(true);
            }
        });
    }

    private void change(String vm, Consumer<VmRecord.Builder> how) throws Exception {
        while (true) {
            Stat stat = new Stat();
            VmRecord.Builder record = VmRecord.parseFrom(client.getData().storingStatIn(stat).forPath(path(vm)))
                    .toBuilder();
            how.accept(record);
            try {
                client.setData().withVersion(stat.getVersion()).forPath(path(vm), record.build().toByteArray());
                return;
            } catch (KeeperException.BadVersionException expected) {
                // An agent was faster.
            }
        }
    }

    /** The record of a VM. */
    public VmRecord vm(String vm) throws Exception {
        return VmRecord.parseFrom(client.getData().forPath(path(vm)));
    }

    /** Removes the record of a VM. */
    public void delete(String vm) throws Exception {
        client.delete().forPath(path(vm));
    }

    private void write(String vm, VmRecord record) throws Exception {
        client.create().orSetData().creatingParentsIfNeeded().forPath(path(vm), record.toByteArray());
    }

    private static String path(String vm) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(vm.getBytes(StandardCharsets.UTF_8));
        return String.format("/drover/vms/%02x/%s", (digest[0] & 0xFF) % 64, vm);
    }

    public Optional<HostRecord> host(String name) throws Exception {
        Optional<byte[]> bytes = read("/drover/hosts/" + name);
        return bytes.isPresent() ? Optional.of(HostRecord.parseFrom(bytes.get())) : Optional.empty();
    }

    /** Writes something, and returns the number of that write: each write of anybody's, one that fails too, has the next. */
    public long write() throws Exception {
        if (client.checkExists().forPath("/writes") == null) {
            client.create().forPath("/writes");
        }
        return client.setData().forPath("/writes").getMzxid();
    }

    /** How often a host's record was written. */
    public int hostVersion(String name) throws Exception {
        return client.checkExists().forPath("/drover/hosts/" + name).getVersion();
    }

    /** Changes a host's record, as a controller does. */
    public void cordon(String name) throws Exception {
        HostRecord record = host(name).orElseThrow().toBuilder().setCordoned(true).build();
        client.setData().forPath("/drover/hosts/" + name, record.toByteArray());
    }

    /** Deletes a host by force, as far as the first write of a controller. */
    public void fence(String name) throws Exception {
        HostRecord record = host(name).orElse(HostRecord.newBuilder().setFormat(1).build()).toBuilder().setFenced(true)
                .build();
        client.create().orSetData().creatingParentsIfNeeded().forPath("/drover/hosts/" + name, record.toByteArray());
    }

    /** The last write. */
    public void deleteHost(String name) throws Exception {
        client.delete().forPath("/drover/hosts/" + name);
    }

    public Optional<HostSession> session(String name) throws Exception {
        Optional<byte[]> bytes = read("/drover/live/" + name);
        return bytes.isPresent() ? Optional.of(HostSession.parseFrom(bytes.get())) : Optional.empty();
    }

    private Optional<byte[]> read(String path) throws Exception {
        try {
            return Optional.of(client.getData().forPath(path));
        } catch (KeeperException.NoNodeException expected) {
            return Optional.empty();
        }
    }

    /** Waits until {@code condition} holds. */
    public static void await(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() - deadline >= 0) {
                throw new AssertionError("not within " + PATIENCE + " : " + what);
            }
            Thread.sleep(20);
        }
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
    }
}
