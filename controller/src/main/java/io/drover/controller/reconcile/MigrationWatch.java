package io.drover.controller.reconcile;

import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.HostReach;
import io.drover.controller.agent.MigrationSight;
import io.drover.controller.agent.Observation;
import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmMigration;
import io.drover.controller.store.Store;
import io.drover.scheduler.migration.Migration;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Looks at both hosts of a VM's migration, and has the VM looked at again when something about it is due. */
final class MigrationWatch {
    /** What a host has not told of an ended migration by then is left out of what is kept of it. */
    private static final Duration TOLD_WITHIN = Duration.ofSeconds(15);

    private final Store store;
    private final HostLinks links;
    private final HostAbsences absences;
    private final Clock clock;
    private final KeyedWork<VmId> work;
    /** What is due, by the uid of the VM: asked for once. */
    private final Map<String, Due> due = new ConcurrentHashMap<>();

    /** Of one migration, under way or ended. */
    private record Due(String migration, boolean ended, long atNanos) {}

    MigrationWatch(Store store, HostLinks links, HostAbsences absences, Clock clock, KeyedWork<VmId> work) {
        this.store = store;
        this.links = links;
        this.absences = absences;
        this.clock = clock;
        this.work = work;
    }

    Crossing crossing(Vm vm) {
        VmMigration migration = vm.migration();
        if (migration.underWay().isEmpty() && !migration.awaitsReport()) {
            due.remove(vm.uid());
            return Crossing.NONE;
        }
        HostId source = migration.source().orElseThrow();
        HostId destination = migration.destination().orElseThrow();
        return new Crossing(reach(source), reach(destination), loss(destination), told(vm, source),
                told(vm, destination), waitedFor(vm));
    }

    private Optional<HostReach> reach(HostId host) {
        return store.view().host(host).map(known -> links.reach(host));
    }

    private HostLoss loss(HostId host) {
        Optional<Versioned<Host>> fenced = store.view().host(host).filter(known -> known.value().fenced());
        return fenced.isPresent() ? new HostLoss.Lost(fenced.get().version()) : absences.loss(host);
    }

    private Optional<MigrationSight> told(Vm vm, HostId host) {
        String id = vm.migration().attempt().orElseThrow().id();
        return links.sightings().of(host, vm.uid()).flatMap(Observation::migration)
                .filter(seen -> seen.id().equals(id));
    }

    /** Also sees to it that the VM is looked at again when that changes. */
    private boolean waitedFor(Vm vm) {
        String id = vm.migration().attempt().orElseThrow().id();
        boolean ended = vm.migration().awaitsReport();
        Due before = due.get(vm.uid());
        if (before != null && before.migration.equals(id) && before.ended == ended) {
            return ended && System.nanoTime() - before.atNanos >= 0;
        }
        Duration wait = ended ? TOLD_WITHIN
                : Duration.between(clock.instant(), MigrationSteps.deadline(vm.migration().underWay().orElseThrow()));
        due.put(vm.uid(), new Due(id, ended, System.nanoTime() + wait.toNanos()));
        if (!(vm.migration().latest() instanceof Migration.Switching) && wait.isPositive()) {
            work.submitLater(vm.id(), wait.plusMillis(1));
        }
        return false;
    }

    void forget(Vm vm) {
        due.remove(vm.uid());
    }
}
