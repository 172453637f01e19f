package io.drover.vmm.accelerator;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.bus.Doorbells;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.MessageInterrupts;
import io.drover.vmm.kvm.KvmIrqLevel;
import io.drover.vmm.kvm.KvmVcpu;
import io.drover.vmm.kvm.KvmVm;
import io.drover.vmm.linux.SystemCallException;
import java.lang.foreign.Arena;
import java.util.List;

/** One VM of KVM's with the interrupt controllers in the kernel. */
final class KvmPartition implements Partition {
    private final KvmVm vm;
    private final IoBus ports;
    private final IoBus mmio;
    /** Of the lines' levels. */
    private final Arena arena = Arena.ofShared();

    /** Made when it is first asked for, as a machine without PCI devices needs none. */
    @GuardedBy("this")
    private KvmMessageInterrupts messages;

    KvmPartition(KvmVm vm, IoBus ports, IoBus mmio) {
        this.vm = vm;
        this.ports = ports;
        this.mmio = mmio;
    }

    @Override
    public VirtualCpu createCpu(int index, List<CpuidEntry> cpuid) throws SystemCallException {
        KvmVcpu vcpu = vm.createVcpu(index);
        try {
            vcpu.setCpuid(cpuid);
            return new KvmVirtualCpu(index, vcpu, ports, mmio);
        } catch (SystemCallException e) {
            vcpu.close();
            throw e;
        }
    }

    @Override
    public InterruptLine line(int number) {
        return new Line(vm, new KvmIrqLevel(arena, number, false), new KvmIrqLevel(arena, number, true));
    }

    @Override
    public synchronized MessageInterrupts messageInterrupts() {
        if (messages == null) {
            messages = new KvmMessageInterrupts(vm);
        }
        return messages;
    }

    @Override
    public Doorbells doorbells() {
        return new KvmDoorbells(vm);
    }

    @Override
    public synchronized void close() {
        vm.close();
        if (messages != null) {
            messages.close();
        }
        arena.close();
    }

    private record Line(KvmVm vm, KvmIrqLevel low, KvmIrqLevel high) implements InterruptLine {
        @Override
        public void set(boolean asserted) {
            try {
                vm.setIrqLine(asserted ? high : low);
            } catch (SystemCallException e) {
                throw new IllegalStateException("an interrupt line cannot be set", e);
            }
        }
    }
}
