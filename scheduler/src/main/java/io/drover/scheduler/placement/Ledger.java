package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.Reserved;
import io.drover.scheduler.host.HostId;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which VM holds what on which host, and the sums. Hosts are known here by name only: what VMs hold on a host that
 * went away still counts when it comes back.
 */
final class Ledger {
    private final Map<VmUid, Reservation.Held> held = new HashMap<>();
    private final Map<HostId, Reserved> sums = new HashMap<>();

    Optional<Reservation.Held> of(VmUid vm) {
        return Optional.ofNullable(held.get(vm));
    }

    Reserved on(HostId host) {
        return sums.getOrDefault(host, Reserved.NONE);
    }

    /** The VM must hold nothing. */
    void add(VmUid vm, HostId host, Demand demand) {
        held.put(vm, new Reservation.Held(host, demand));
        sums.put(host, on(host).plus(demand));
    }

    /** {@return what the VM held} Empty when it held nothing. */
    Optional<Reservation.Held> remove(VmUid vm) {
        Optional<Reservation.Held> before = Optional.ofNullable(held.remove(vm));
        before.ifPresent(was -> {
            Reserved left = on(was.host()).minus(was.demand());
            if (left.vms() == 0) {
                sums.remove(was.host());
            } else {
                sums.put(was.host(), left);
            }
        });
        return before;
    }
}
