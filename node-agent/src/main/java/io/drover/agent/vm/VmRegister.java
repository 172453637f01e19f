package io.drover.agent.vm;

import com.google.common.util.concurrent.Striped;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.agent.driver.MachineNic;
import io.drover.agent.net.VmNics;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import io.drover.agent.share.HostShares;
import io.drover.scheduler.capacity.Fit;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.capacity.Reserved;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** Which VMs are on this host, and what they hold of it. Safe for all threads. */
final class VmRegister {
    private final HostCapacity capacity;
    private final HostShares shares;
    /** Held, one for a VM, while it comes or goes: a new epoch does not begin in a folder that is being buried. */
    private final Striped<Lock> comings = Striped.lock(256);
    private final ReentrantLock lock = new ReentrantLock();
    @GuardedBy("lock")
    private final Map<String, Vm> vms = new HashMap<>();

    VmRegister(HostCapacity capacity, HostShares shares) {
        this.capacity = capacity;
        this.shares = shares;
    }

    /** The lock under which a VM comes to this host, or goes. */
    Lock coming(String uid) {
        return comings.get(uid);
    }

    Optional<Vm> find(String uid) {
        lock.lock();
        try {
            return Optional.ofNullable(vms.get(uid));
        } finally {
            lock.unlock();
        }
    }

    List<Vm> all() {
        lock.lock();
        try {
            return List.copyOf(vms.values());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes a new VM in, if it fits beside those whose run has not ended, and gives it its CPUs.
     *
     * @throws RefusedException DOES_NOT_FIT, PORT_TAKEN
     */
    void admit(Vm vm) throws RefusedException {
        lock.lock();
        try {
            Reserved reserved = Reserved.NONE;
            List<Integer> taken = new ArrayList<>();
            for (Vm other : vms.values()) {
                if (!other.hasEnded()) {
                    reserved = reserved.plus(other.demand());
                    taken.addAll(other.cpus());
                    checkPorts(vm, other);
                }
            }
            if (capacity.fits(reserved, vm.demand()) instanceof Fit.Lacks lacks) {
                throw new RefusedException(Reason.DOES_NOT_FIT, "vms/" + vm.plan().identity().name(),
                        "this host " + lacks.text(),
                        "place the VM on another host");
            }
            vm.give(shares.allot(vm.share(), vm.plan().vcpus(), taken));
            vms.put(vm.plan().identity().uid(), vm);
        } finally {
            lock.unlock();
        }
    }

    /** Each port of the host leads to one guest. */
    private static void checkPorts(Vm vm, Vm other) throws RefusedException {
        for (MachineNic.Forward taken : other.forwards()) {
            for (MachineNic.Forward wanted : vm.forwards()) {
                if (wanted.excludes(taken)) {
                    throw VmNics.portTaken(vm.plan().identity().name(), wanted,
                            "vms/" + other.plan().identity().name() + " has it");
                }
            }
        }
    }

    /** Takes a VM in that is here already, whether it fits or not. */
    void put(Vm vm) {
        lock.lock();
        try {
            vms.put(vm.plan().identity().uid(), vm);
        } finally {
            lock.unlock();
        }
    }

    /** Forgets a VM; false when another, or none, has its place. */
    boolean forget(Vm vm) {
        lock.lock();
        try {
            return vms.remove(vm.plan().identity().uid(), vm);
        } finally {
            lock.unlock();
        }
    }
}
