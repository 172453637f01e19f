package io.drover.vmm.accelerator;

import io.drover.vmm.bus.IoBus;
import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.kvm.Capability;
import io.drover.vmm.kvm.Kvm;
import io.drover.vmm.kvm.KvmVm;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.memory.MemoryRegion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The host's CPU by KVM. */
public final class KvmAccelerator implements Accelerator {
    /** Without one of these there is nothing to be done; the rest are asked for where they are used. */
    public static final List<Capability> REQUIRED = List.of(Capability.USER_MEMORY, Capability.IRQCHIP, Capability.PIT2,
            Capability.EXT_CPUID, Capability.MP_STATE, Capability.SET_TSS_ADDR, Capability.SET_IDENTITY_MAP_ADDR,
            Capability.DESTROY_MEMORY_REGION_WORKS, Capability.IMMEDIATE_EXIT, Capability.IRQ_ROUTING, Capability.IRQFD,
            Capability.IOEVENTFD, Capability.IOEVENTFD_ANY_LENGTH);

    /**
     * One page for real mode's page table and three for its task state, in the hole below 4 GiB, behind the local APICs and
     * before the firmware's place, where no device of ours is.
     */
    private static final long IDENTITY_MAP_ADDRESS = 0xFEFF_C000L;
    private static final long TSS_ADDRESS = 0xFEFF_D000L;

    private final Kvm kvm;

    private KvmAccelerator(Kvm kvm) {
        this.kvm = kvm;
    }

    /**
     * Opens KVM and checks that it is one that we can work with.
     *
     * @throws IOException
     *             when it is not: the message says what is missing
     */
    public static KvmAccelerator open(Path device) throws IOException {
        Kvm kvm = Kvm.open(device);
        try {
            int version = kvm.apiVersion();
            if (version != Kvm.API_VERSION) {
                throw new IOException(device + " API version : " + version + " (expected: " + Kvm.API_VERSION + ")");
            }
            for (Capability capability : REQUIRED) {
                if (kvm.check(capability) == 0) {
                    throw new IOException(device + " lacks " + capability.kernelName()
                            + " (expected: a Linux kernel 4.13 or newer with KVM for x86)");
                }
            }
            return new KvmAccelerator(kvm);
        } catch (IOException e) {
            kvm.close();
            throw e;
        }
    }

    @Override
    public List<CpuidEntry> supportedCpuid() throws SystemCallException {
        return kvm.supportedCpuid();
    }

    @Override
    public boolean hasTscDeadlineTimer() throws SystemCallException {
        return kvm.check(Capability.TSC_DEADLINE_TIMER) != 0;
    }

    @Override
    public int maxCpus() throws SystemCallException {
        return kvm.check(Capability.MAX_VCPUS);
    }

    @Override
    public Partition createPartition(List<MemoryRegion> ram, IoBus ports, IoBus mmio) throws SystemCallException {
        KvmVm vm = kvm.createVm();
        try {
            vm.setIdentityMapAddress(IDENTITY_MAP_ADDRESS);
            vm.setTssAddress(TSS_ADDRESS);
            vm.createIrqchip();
            vm.createPit();
            int slot = 0;
            for (MemoryRegion region : ram) {
                vm.setUserMemoryRegion(slot, region.address(), region.segment());
                slot++;
            }
            return new KvmPartition(kvm, vm, ports, mmio,
                    new KvmDirtyPages(vm, ram, kvm.check(Capability.MANUAL_DIRTY_LOG_PROTECT2) != 0));
        } catch (SystemCallException e) {
            vm.close();
            throw e;
        }
    }

    @Override
    public void close() {
        kvm.close();
    }
}
