package io.drover.controller.migration;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.controller.agent.HostListener;
import io.drover.controller.record.HostId;
import io.drover.controller.record.MigrationId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.store.StoreListener;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which VM a migration is of, and whether there is news of it: each VM has one, the latest. */
public final class MigrationFeed implements StoreListener, HostListener {
    @GuardedBy("this")
    private final Map<MigrationId, VmId> vms = new HashMap<>();
    /** How often something about a VM changed that has a migration. */
    @GuardedBy("this")
    private final Map<VmId, Long> changes = new HashMap<>();

    /** Empty when there is none of that name, or the VM has migrated again since. */
    synchronized Optional<VmId> vm(MigrationId migration) {
        return Optional.ofNullable(vms.get(migration));
    }

    /** The VMs that are migrating, or have. */
    synchronized List<VmId> all() {
        return List.copyOf(vms.values());
    }

    /** To be asked before looking at the VM, so that nothing is missed. */
    synchronized long place(VmId vm) {
        return changes.getOrDefault(vm, 0L);
    }

    /** Waits until something has changed since that place, or {@code limit} is over. */
    synchronized void awaitChange(VmId vm, long place, Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (place(vm) == place) {
            long millis = (end - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                return;
            }
            wait(millis);
        }
    }

    @Override
    public synchronized void vmChanged(Optional<Versioned<Vm>> before, Optional<Versioned<Vm>> after) {
        Optional<MigrationId> was = before.flatMap(vm -> vm.value().migration().id());
        Optional<MigrationId> is = after.flatMap(vm -> vm.value().migration().id());
        if (!was.equals(is)) {
            was.ifPresent(vms::remove);
        }
        VmId vm = after.or(() -> before).orElseThrow().value().id();
        if (is.isPresent()) {
            vms.put(is.get(), vm);
            changes.merge(vm, 1L, Long::sum);
            notifyAll();
        } else if (changes.remove(vm) != null) {
            notifyAll();
        }
    }

    @Override
    public synchronized void observed(HostId host, VmId vm) {
        if (changes.computeIfPresent(vm, (same, count) -> count + 1) != null) {
            notifyAll();
        }
    }
}
