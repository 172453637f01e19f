package io.drover.vmm.accelerator;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.SavedChips;
import io.drover.proto.vmm.v1.SavedKvmChips;
import io.drover.vmm.bus.Doorbells;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.MessageInterrupts;
import io.drover.vmm.kvm.Kvm;
import io.drover.vmm.kvm.KvmIrqLevel;
import io.drover.vmm.kvm.KvmIrqRouting;
import io.drover.vmm.kvm.KvmIrqchip;
import io.drover.vmm.kvm.KvmPitState2;
import io.drover.vmm.kvm.KvmVcpu;
import io.drover.vmm.kvm.KvmVm;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import java.lang.foreign.Arena;
import java.util.List;

/** One VM of KVM's with the interrupt controllers in the kernel. */
final class KvmPartition implements Partition {
    private final Kvm kvm;
    private final KvmVm vm;
    private final IoBus ports;
    private final IoBus mmio;
    private final KvmDirtyPages dirtyPages;
    /** Of the lines' levels. */
    private final Arena arena = Arena.ofShared();

    /** Made when it is first asked for, as a machine without PCI devices needs none. */
    @GuardedBy("this")
    private KvmMessageInterrupts messages;

    /** Asked for when it is first needed. */
    @GuardedBy("this")
    private KvmSavedParts savedParts;

    /**
     * A VM without vCPUs.
     *
     * @param kvm
     *            stays open for as long as this
     */
    KvmPartition(Kvm kvm, KvmVm vm, IoBus ports, IoBus mmio, KvmDirtyPages dirtyPages) {
        this.kvm = kvm;
        this.vm = vm;
        this.ports = ports;
        this.mmio = mmio;
        this.dirtyPages = dirtyPages;
    }

    @Override
    public VirtualCpu createCpu(int index, List<CpuidEntry> cpuid) throws SystemCallException {
        KvmVcpu vcpu = vm.createVcpu(index);
        try {
            vcpu.setCpuid(cpuid);
            return new KvmVirtualCpu(index, vcpu, ports, mmio, cpuid, this::savedParts);
        } catch (SystemCallException e) {
            vcpu.close();
            throw e;
        }
    }

    private synchronized KvmSavedParts savedParts() throws SystemCallException {
        if (savedParts == null) {
            savedParts = KvmSavedParts.of(kvm);
        }
        return savedParts;
    }

    @Override
    public SavedChips save() throws SystemCallException {
        return SavedChips.newBuilder().setVersion(SavedStates.VERSION).setKvm(SavedKvmChips.newBuilder()
                .setPicMaster(ByteString.copyFrom(vm.irqchip(KvmIrqRouting.PIC_MASTER)))
                .setPicSlave(ByteString.copyFrom(vm.irqchip(KvmIrqRouting.PIC_SLAVE)))
                .setIoapic(ByteString.copyFrom(vm.irqchip(KvmIrqRouting.IOAPIC)))
                .setPit(ByteString.copyFrom(vm.pit()))
                .setClockNanos(vm.clockNanos())).build();
    }

    @Override
    public void load(SavedChips saved, long awayNanos) throws SavedStateException, SystemCallException {
        SavedStates.require(saved.hasKvm(), "interrupt controllers of KVM's");
        SavedKvmChips chips = saved.getKvm();
        loadChip("first PIC", KvmIrqRouting.PIC_MASTER, chips.getPicMaster());
        loadChip("second PIC", KvmIrqRouting.PIC_SLAVE, chips.getPicSlave());
        loadChip("IOAPIC", KvmIrqRouting.IOAPIC, chips.getIoapic());
        vm.setPit(SavedStates.ofLength("PIT", chips.getPit(), KvmPitState2.BYTES));
        vm.setClockNanos(chips.getClockNanos() + awayNanos);
    }

    private void loadChip(String what, int chip, ByteString saved) throws SavedStateException, SystemCallException {
        vm.setIrqchip(chip, SavedStates.ofLength(what, saved, KvmIrqchip.BYTES));
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
    public DirtyLog dirtyLog() {
        return dirtyPages;
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
