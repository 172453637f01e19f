package io.drover.agent.cluster;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import io.drover.proto.state.v1.HostRecord;
import io.drover.proto.state.v1.VmRecord;
import io.drover.scheduler.host.HostId;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.KeeperException;

/** The records of VMs in ZooKeeper. The agent only reads them. */
public final class VmRecords {
    private static final long SYNC_SECONDS = 10;

    private final CuratorFramework client;
    private final HostId host;

    public VmRecords(CuratorFramework client, HostId host) {
        this.client = client;
        this.host = host;
    }

    /**
     * What was read of a VM.
     *
     * @param record of this VM, in a format that this agent knows; empty: there is none
     */
    public record Look(Ownership ownership, Optional<VmRecord> record) {}

    /** As {@link #look}, of the owner alone. */
    public Ownership ownership(String vm, String uid, long epoch) throws ClusterAwayException, InterruptedException {
        return look(vm, uid, epoch).ownership();
    }

    /**
     * Whether this host may run the VM under this epoch, by a read that is not stale: what was written before the
     * call is seen. A host that somebody has deleted as off for good owns nothing, whatever the VM's record still says.
     *
     * @throws ClusterAwayException when ZooKeeper does not answer
     */
    public Look look(String vm, String uid, long epoch) throws ClusterAwayException, InterruptedException {
        Optional<VmRecord> vmRecord = read(RecordPaths.vm(vm), VmRecord.parser());
        Optional<HostRecord> hostRecord = read(RecordPaths.host(host), HostRecord.parser());
        Ownership ownership = hostRecord.map(HostRecord::getFenced).orElse(false)
                ? new Ownership.Nobodys("host " + host + " is being deleted: somebody said that it is off for good",
                        Ownership.disksStay(vmRecord, host, uid))
                : Ownership.of(vmRecord, host, uid, epoch);
        return new Look(ownership, vmRecord.filter(record -> Ownership.isKnown(record) && record.getUid().equals(uid)));
    }

    private <T> Optional<T> read(String path, Parser<T> parser) throws ClusterAwayException, InterruptedException {
        if (!client.getZookeeperClient().isConnected()) {
            throw new ClusterAwayException(
                    "ZooKeeper is away: no connection to " + client.getZookeeperClient().getCurrentConnectionString(),
                    new KeeperException.ConnectionLossException());
        }
        try {
            CompletableFuture<Integer> synced = new CompletableFuture<>();
            client.sync().inBackground((ignored, event) -> synced.complete(event.getResultCode())).forPath(path);
            int result = synced.get(SYNC_SECONDS, TimeUnit.SECONDS);
            if (result != KeeperException.Code.OK.intValue()) {
                throw KeeperException.create(KeeperException.Code.get(result), path);
            }
            return Optional.of(parser.parseFrom(client.getData().forPath(path)));
        } catch (KeeperException.NoNodeException expected) {
            return Optional.empty();
        } catch (InterruptedException e) {
            throw e;
        } catch (InvalidProtocolBufferException e) {
            throw new ClusterAwayException("the record " + path + " cannot be read: it is none of this format", e);
        } catch (KeeperException | TimeoutException | ExecutionException e) {
            throw new ClusterAwayException("ZooKeeper did not answer for " + path + ": " + e, e);
        } catch (Exception e) {
            // Curator declares Exception on all its calls.
            throw new ClusterAwayException("ZooKeeper could not be asked for " + path + ": " + e, e);
        }
    }
}
