package io.drover.scheduler.migration;

import io.drover.scheduler.cpu.Cpu;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.host.MigrationAbility;
import io.drover.scheduler.placement.Cluster;
import io.drover.scheduler.placement.Placement;
import io.drover.scheduler.placement.Policy;
import io.drover.scheduler.placement.Request;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether a migration may begin: looked at before anything is written, so that what cannot work is told at once, and all of it.
 * What is found may have changed when the record is written: the compare-and-set, and the destination itself, look again.
 */
public final class Admission {
    private Admission() {}

    /** Why this VM cannot be moved to that host now; none when it can. */
    public static List<Refusal> refusals(Hold hold, Guest guest, HostId destination, Cluster cluster) {
        List<Refusal> found = ofGuest(hold, guest, destination, cluster);
        Optional<HostId> source = hold.owner().map(Owner::host);
        if (source.equals(Optional.of(destination))) {
            found.add(new Refusal.SameHost(destination));
            return found;
        }
        Optional<HostFacts> host = cluster.host(destination);
        if (host.isEmpty()) {
            found.add(new Refusal.NoSuchHost(destination));
            return found;
        }
        found.addAll(ofHost(host.get(), guest, source.flatMap(cluster::host)));
        cluster.rejections(destination, wanted(guest, source.flatMap(cluster::host)))
                .forEach(rejection -> found.add(new Refusal.ByHost(rejection)));
        return found;
    }

    /** Where this VM could be moved now. */
    public sealed interface Choice {
        /** The best host for it. */
        record To(HostId host) implements Choice {}

        /** Not at all; at least one reason. */
        record Refused(List<Refusal> why) implements Choice {
            public Refused {
                why = List.copyOf(why);
            }
        }
    }

    /** The host to which the scheduler would move this VM. Never the one on which it runs. */
    public static Choice choose(Hold hold, Guest guest, Cluster cluster, Policy policy) {
        HostId anyOther = new HostId(hold.owner().filter(owner -> owner.host().name().equals("a")).isPresent() ? "b"
                : "a");
        List<Refusal> ofGuest = ofGuest(hold, guest, anyOther, cluster);
        if (!ofGuest.isEmpty()) {
            return new Choice.Refused(ofGuest);
        }
        HostId source = hold.owner().orElseThrow().host();
        Map<HostId, String> out = new HashMap<>();
        for (HostFacts host : cluster.all()) {
            ofHost(host, guest, cluster.host(source)).stream().findFirst()
                    .ifPresent(why -> out.put(host.id(), why.text()));
        }
        out.put(source, "the VM runs there");
        return switch (cluster.place(wanted(guest, cluster.host(source)).withRefused(out), policy)) {
            case Placement.Placed placed -> new Choice.To(placed.host());
            case Placement.Unplaced unplaced -> new Choice.Refused(List.of(new Refusal.Nowhere(unplaced.reason())));
        };
    }

    /** What stands against it wherever it is to go. */
    private static List<Refusal> ofGuest(Hold hold, Guest guest, HostId destination, Cluster cluster) {
        List<Refusal> found = new ArrayList<>();
        if (hold.owner().isEmpty() || !guest.runs()) {
            found.add(new Refusal.NotRunning());
        }
        hold.owner().filter(owner -> !owner.host().equals(destination)).ifPresent(owner -> {
            Move move = new Move("asked-for", owner.host(), destination, owner.epoch(), MoveOptions.AUTO, 0);
            if (hold.after(new HoldEvent.Begin(move)) instanceof Change.Refused refused) {
                found.add(new Refusal.ByRecord(refused));
            }
        });
        if (guest.changing()) {
            found.add(new Refusal.Changing());
        }
        if (!guest.boundTo().isEmpty()) {
            found.add(new Refusal.HostBound(guest.boundTo()));
        }
        hold.owner().map(Owner::host).flatMap(cluster::host).flatMap(source -> unable(source, guest.driver()))
                .ifPresent(found::add);
        return found;
    }

    /** What stands against one host, beside what would stand against a start there. */
    private static List<Refusal> ofHost(HostFacts host, Guest guest, Optional<HostFacts> source) {
        List<Refusal> found = new ArrayList<>();
        unable(host, guest.driver()).ifPresent(found::add);
        Optional<MigrationAbility> there = source.flatMap(HostFacts::migration);
        if (host.migration().isPresent() && there.isPresent() && !host.migration().get().speaksWith(there.get())) {
            found.add(new Refusal.OtherVersion(host.id(), host.migration().get().versions(), there.get().versions()));
        }
        if (guest.request().home().isPresent()
                && !host.migration().map(MigrationAbility::mirrorsDisks).orElse(false)) {
            found.add(new Refusal.DisksStay(guest.request().home().get(), host.id()));
        }
        return found;
    }

    private static Optional<Refusal> unable(HostFacts host, Driver driver) {
        if (host.migration().isEmpty()) {
            return Optional.of(new Refusal.Unable(host.id(), "its agent takes part in no migrations"));
        }
        return host.migration().get().drivers().contains(driver) ? Optional.empty()
                : Optional.of(new Refusal.Unable(host.id(), "VMs of the driver " + driver + " do not move"));
    }

    /**
     * Its disks go with it, and a guest without a CPU model has seen all that its host offers under KVM: its next must have as
     * much.
     */
    private static Request wanted(Guest guest, Optional<HostFacts> source) {
        Request asked = new Request(guest.request().demand(), guest.request().constraints().withDriver(guest.driver()),
                guest.request().imageFiles(), guest.request().refused());
        Optional<Cpu> seen = source.filter(host -> guest.driver() == Driver.KVM).flatMap(HostFacts::cpu);
        return asked.constraints().cpu().isEmpty() && seen.isPresent()
                ? asked.withConstraints(asked.constraints().withCpu(seen.get()))
                : asked;
    }
}
