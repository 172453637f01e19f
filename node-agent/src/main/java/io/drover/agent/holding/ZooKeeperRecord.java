package io.drover.agent.holding;

import com.google.protobuf.InvalidProtocolBufferException;
import io.drover.agent.handoff.HandOffAction;
import io.drover.agent.handoff.HandOffEvent;
import io.drover.agent.handoff.OwnershipRecord;
import io.drover.agent.handoff.Sight;
import io.drover.proto.format.RecordFormat;
import io.drover.proto.state.v1.VmRecord;
import io.drover.scheduler.migration.Hold;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.BackgroundCallback;
import org.apache.curator.framework.api.CuratorEvent;
import org.apache.zookeeper.KeeperException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A VM's record in ZooKeeper, for a hand-off. A client that repeats a compare-and-set by itself after a lost connection does no
 * harm: the second meets the version that the first has made, which is told as lost, and the hand-off reads what is there.
 */
public final class ZooKeeperRecord implements OwnershipRecord {
    private static final Logger log = LoggerFactory.getLogger(ZooKeeperRecord.class);

    private final CuratorFramework client;
    private final String path;
    private final String uid;
    /** The record last read or written, with the version that it has: what is written is based on it. */
    private final AtomicReference<Optional<Read>> latest = new AtomicReference<>(Optional.empty());

    private record Read(VmRecord record, int version) {}

    /**
     * The record of a VM.
     *
     * @param path of the record, in ZooKeeper
     */
    public ZooKeeperRecord(CuratorFramework client, String path, String uid) {
        this.client = client;
        this.path = path;
        this.uid = uid;
    }

    @Override
    public void read(Consumer<HandOffEvent> answer) {
        try {
            client.sync().inBackground((ignored, synced) -> {
                if (synced.getResultCode() == KeeperException.Code.OK.intValue()) {
                    readNow(answer);
                } else {
                    answer.accept(new HandOffEvent.Unreadable());
                }
            }).forPath(path);
        } catch (Exception e) {
            // Curator declares Exception on all its calls.
            log.info("{}: cannot be synced: {}", path, e.toString());
            answer.accept(new HandOffEvent.Unreadable());
        }
    }

    private void readNow(Consumer<HandOffEvent> answer) {
        BackgroundCallback done = (ignored, event) -> answer.accept(seen(event));
        try {
            client.getData().inBackground(done).forPath(path);
        } catch (Exception e) {
            log.info("{}: cannot be read: {}", path, e.toString());
            answer.accept(new HandOffEvent.Unreadable());
        }
    }

    private HandOffEvent seen(CuratorEvent event) {
        if (event.getResultCode() == KeeperException.Code.NONODE.intValue()) {
            return new HandOffEvent.Seen(new Sight(Optional.empty(), 0));
        }
        if (event.getResultCode() != KeeperException.Code.OK.intValue()) {
            return new HandOffEvent.Unreadable();
        }
        try {
            VmRecord record = VmRecord.parseFrom(event.getData());
            int version = event.getStat().getVersion();
            if (record.getFormat() < RecordFormat.FIRST || record.getFormat() > HoldCodec.NEWEST_FORMAT) {
                log.error("{}: has format {}, this agent knows 1 to {}: upgrade the agent", path, record.getFormat(),
                        HoldCodec.NEWEST_FORMAT);
                return new HandOffEvent.Unreadable();
            }
            if (!record.getUid().equals(uid)) {
                return new HandOffEvent.Seen(new Sight(Optional.empty(), version));
            }
            Hold hold = HoldCodec.decode(record);
            latest.set(Optional.of(new Read(record, version)));
            return new HandOffEvent.Seen(new Sight(Optional.of(hold), version));
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            // Nothing is decided by what cannot be understood.
            log.error("{}: cannot be understood", path, e);
            return new HandOffEvent.Unreadable();
        }
    }

    @Override
    public void write(HandOffAction.Write write, Consumer<HandOffEvent> answer) {
        Optional<Read> base = latest.get().filter(read -> read.version() == write.version());
        if (base.isEmpty()) {
            // A newer one was read meanwhile: the compare-and-set would be lost.
            answer.accept(new HandOffEvent.WriteLost());
            return;
        }
        VmRecord next = HoldCodec.encode(base.get().record(), write.next());
        BackgroundCallback done = (ignored, event) -> answer.accept(written(event, next, write));
        try {
            client.setData().withVersion(write.version()).inBackground(done).forPath(path, next.toByteArray());
        } catch (Exception e) {
            log.info("{}: the answer to a write was lost: {}", path, e.toString());
            answer.accept(new HandOffEvent.WriteUnanswered());
        }
    }

    private HandOffEvent written(CuratorEvent event, VmRecord next, HandOffAction.Write write) {
        return switch (KeeperException.Code.get(event.getResultCode())) {
            case OK -> {
                int version = event.getStat().getVersion();
                latest.set(Optional.of(new Read(next, version)));
                yield new HandOffEvent.Seen(new Sight(Optional.of(write.next()), version));
            }
            case BADVERSION, NONODE -> new HandOffEvent.WriteLost();
            default -> new HandOffEvent.WriteUnanswered();
        };
    }
}
