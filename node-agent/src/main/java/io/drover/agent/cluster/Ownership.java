package io.drover.agent.cluster;

import io.drover.proto.format.RecordFormat;
import io.drover.proto.state.v1.VmRecord;
import io.drover.scheduler.host.HostId;
import java.util.Optional;

/** Whether this host may run a VM, as its record says. */
public sealed interface Ownership {
    /** The reason, for people. */
    String why();

    /** Whether the record still counts on the disks that this host keeps of the VM. */
    default boolean disksStay() {
        return false;
    }

    /** Whether the record has this host run the VM, though not under this epoch: it may go on here from what was saved. */
    default boolean isAwaitedHere() {
        return false;
    }

    /** The record names this host and this epoch. */
    record Ours() implements Ownership {
        @Override
        public String why() {
            return "this host owns the VM";
        }
    }

    /** The same VM, but nobody may run it now. */
    record Nobodys(String why, boolean disksStay) implements Ownership {}

    /** Another host, another epoch, another VM of the same name, or no VM at all. */
    record Others(String why, boolean disksStay, boolean isAwaitedHere) implements Ownership {
        Others(String why) {
            this(why, false);
        }

        Others(String why, boolean disksStay) {
            this(why, disksStay, false);
        }
    }

    /** The newest format of a VM's record that this code can obey. */
    int NEWEST_FORMAT = RecordFormat.newest(VmRecord.getDescriptor());

    /** Judges a record, as it is after a sync. */
    static Ownership of(Optional<VmRecord> found, HostId host, String uid, long epoch) {
        if (found.isEmpty()) {
            return new Others("there is no record of this VM");
        }
        VmRecord record = found.get();
        if (!isKnown(record)) {
            return new Others("the VM's record has format " + record.getFormat() + ", this agent knows "
                    + RecordFormat.FIRST + " to " + NEWEST_FORMAT + ": upgrade the agent");
        }
        if (!record.getUid().equals(uid)) {
            return new Others("the name belongs to another VM now, with uid " + record.getUid());
        }
        if (!record.hasOwner()) {
            return new Nobodys("the VM's record names no owner", disksStay(found, host, uid));
        }
        VmRecord.Owner owner = record.getOwner();
        if (!owner.getHost().equals(host.name())) {
            return new Others("the VM's owner is host " + owner.getHost() + " with epoch " + owner.getEpoch(),
                    disksStay(found, host, uid));
        }
        if (owner.getEpoch() != epoch) {
            return new Others("the VM's epoch is " + owner.getEpoch() + ", not " + epoch, disksStay(found, host, uid),
                    true);
        }
        return new Ours();
    }

    /** Whether it is the record of this VM and says that the VM's disks are on this host. */
    static boolean disksStay(Optional<VmRecord> found, HostId host, String uid) {
        return found.filter(Ownership::isKnown)
                .filter(record -> record.getUid().equals(uid) && record.getDisksHost().equals(host.name())).isPresent();
    }

    static boolean isKnown(VmRecord record) {
        return record.getFormat() >= RecordFormat.FIRST && record.getFormat() <= NEWEST_FORMAT;
    }
}
