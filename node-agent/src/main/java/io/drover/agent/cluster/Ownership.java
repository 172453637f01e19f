package io.drover.agent.cluster;

import io.drover.proto.state.v1.VmRecord;
import io.drover.scheduler.host.HostId;
import java.util.Optional;

/** Whether this host may run a VM, as its record says. */
public sealed interface Ownership {
    /** The reason, for people. */
    String why();

    /** The record names this host and this epoch. */
    record Ours() implements Ownership {
        @Override
        public String why() {
            return "this host owns the VM";
        }
    }

    /** The same VM, but nobody may run it now. */
    record Nobodys(String why) implements Ownership {}

    /** Another host, another epoch, another VM of the same name, or no VM at all. */
    record Others(String why) implements Ownership {}

    /** The format of records that this code reads. */
    int FORMAT = 1;

    /** Judges a record, as it is after a sync. */
    static Ownership of(Optional<VmRecord> found, HostId host, String uid, long epoch) {
        if (found.isEmpty()) {
            return new Others("there is no record of this VM");
        }
        VmRecord record = found.get();
        if (record.getFormat() != FORMAT) {
            return new Others("the VM's record has format " + record.getFormat() + ", this agent knows " + FORMAT
                    + ": upgrade the agent");
        }
        if (!record.getUid().equals(uid)) {
            return new Others("the name belongs to another VM now, with uid " + record.getUid());
        }
        if (!record.hasOwner()) {
            return new Nobodys("the VM's record names no owner");
        }
        VmRecord.Owner owner = record.getOwner();
        if (!owner.getHost().equals(host.name())) {
            return new Others("the VM's owner is host " + owner.getHost() + " with epoch " + owner.getEpoch());
        }
        if (owner.getEpoch() != epoch) {
            return new Others("the VM's epoch is " + owner.getEpoch() + ", not " + epoch);
        }
        return new Ours();
    }
}
