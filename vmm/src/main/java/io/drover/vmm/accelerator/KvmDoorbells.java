package io.drover.vmm.accelerator;

import io.drover.vmm.bus.Doorbells;
import io.drover.vmm.kvm.KvmVm;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.SystemCallException;

/** Doorbells as ioeventfds, which KVM rings in the kernel. */
final class KvmDoorbells implements Doorbells {
    private final KvmVm vm;

    KvmDoorbells(KvmVm vm) {
        this.vm = vm;
    }

    @Override
    public boolean add(long address, EventFile event) {
        try {
            vm.assignIoeventfd(event, address);
            return true;
        } catch (SystemCallException expected) {
            // EEXIST, ENOSPC: both are the guest's doing, by where it puts its devices.
            return false;
        }
    }

    @Override
    public void remove(long address, EventFile event) {
        try {
            vm.deassignIoeventfd(event, address);
        } catch (SystemCallException e) {
            throw new IllegalStateException("a doorbell cannot be removed", e);
        }
    }
}
