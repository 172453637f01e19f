package io.drover.controller.reconcile;

import io.drover.controller.agent.Observation;
import io.drover.controller.record.DeviceChange;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Vm;
import java.time.Duration;
import java.util.Optional;

/** What brings a VM nearer to what its user wants: one thing at a time. */
sealed interface VmStep {
    /** Nothing: it is as wanted, or something that is under way will be noticed. */
    record Rest() implements VmStep {}

    /** The placement finds a host, or lets it wait. */
    record Place() implements VmStep {}

    /** The record changes, nothing else. */
    record Write(Vm next) implements VmStep {}

    /** The owner is asked to run it. */
    record Start(Owner owner) implements VmStep {}

    /**
     * The owner is asked to stop it.
     *
     * @param grace zero stops by force
     */
    record Stop(Owner owner, Duration grace) implements VmStep {}

    /** The owner is asked to save what it runs. */
    record Suspend(Owner owner) implements VmStep {}

    /** The owner is asked to let what it is saving run on. */
    record CancelSuspension(Owner owner) implements VmStep {}

    /** The owner is asked to change a device of what it runs. */
    record ChangeDevice(Owner owner, DeviceChange change) implements VmStep {}

    /** The owner does not mention a run that was recorded: it is asked anew before anything is concluded. */
    record Look(Owner owner) implements VmStep {}

    /** The host is told to remove what remains; then the record goes. */
    record Clear(HostId host) implements VmStep {}

    /** Nothing of it is left anywhere: the record goes. */
    record Erase() implements VmStep {}

    /** Only this host knows, and it does not answer; its return will be noticed. */
    record Await(HostId host) implements VmStep {}

    /**
     * The owner is lost and has stopped running it for certain: it is taken away, unless the host has been back.
     *
     * @param version of the owner's record while it was gone
     * @param destination likewise of where its guest was about to go on; empty when it was not
     */
    record TakeOver(Owner owner, int version, Optional<LostHost> destination) implements VmStep {
        TakeOver(Owner owner, int version) {
            this(owner, version, Optional.empty());
        }
    }

    /** A host that is lost, with the version of its record while it was gone. */
    record LostHost(HostId host, int version) {}

    /** This host is asked to be the destination of the migration. */
    record Receive(HostId destination) implements VmStep {}

    /** This host will tell of the run soon: it is looked at again before anything is concluded. */
    record Recheck(HostId host) implements VmStep {}

    /** A host runs what it may not run (any longer). */
    record Evict(HostId host, Observation stray) implements VmStep {}

    /** A host keeps what nobody needs. */
    record Sweep(HostId host, Observation stray) implements VmStep {}
}
