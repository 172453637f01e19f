package io.drover.scheduler.migration;

import io.drover.scheduler.cpu.Cpu;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.placement.Cluster;
import io.drover.scheduler.placement.Constraints;
import io.drover.scheduler.placement.Rejection;
import io.drover.scheduler.placement.Request;
import java.util.Optional;

/** Whether a migration may begin: looked at before anything is written, so that what cannot work is told at once. */
public final class Admission {
    private Admission() {}

    /**
     * Why this VM cannot be moved to that host now; empty when it can. What is found may have changed when the record is
     * written: the compare-and-set, and the destination itself, look again.
     *
     * @param hold of the VM's record
     * @param runs whether the owner's agent says that it runs the guest, under the owner's epoch
     * @param request what the VM needs of a host
     */
    public static Optional<Refusal> refusal(Hold hold, boolean runs, HostId destination, Request request,
            Cluster cluster) {
        Optional<Owner> owner = hold.owner();
        if (owner.isEmpty() || !runs) {
            return Optional.of(new Refusal.NotRunning());
        }
        HostId source = owner.get().host();
        if (source.equals(destination)) {
            return Optional.of(new Refusal.SameHost(destination));
        }
        Move move = new Move("asked-for", source, destination, owner.get().epoch(), MoveOptions.AUTO, 0);
        if (hold.after(new HoldEvent.Begin(move)) instanceof Change.Refused refused) {
            return Optional.of(new Refusal.ByRecord(refused));
        }
        if (cluster.host(destination).isEmpty()) {
            return Optional.of(new Refusal.NoSuchHost(destination));
        }
        if (request.home().isPresent()) {
            return Optional.of(new Refusal.DisksStay(request.home().get()));
        }
        Optional<Rejection> rejection = cluster.rejection(destination,
                request.withConstraints(seenBy(request.constraints(), cluster.host(source))));
        return rejection.map(Refusal.ByHost::new);
    }

    /** A guest without a CPU model has seen all that its host offers under KVM: its next host must have as much. */
    private static Constraints seenBy(Constraints asked, Optional<HostFacts> source) {
        Optional<Cpu> seen = source.filter(host -> asked.driver().map(Driver.KVM::equals).orElse(true))
                .flatMap(HostFacts::cpu);
        return asked.cpu().isEmpty() && seen.isPresent() ? asked.withCpu(seen.get()) : asked;
    }
}
