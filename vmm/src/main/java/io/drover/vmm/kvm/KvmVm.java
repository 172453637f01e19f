package io.drover.vmm.kvm;

import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** One VM: the VM ioctls. Safe for use by several threads; to be closed when none uses it any more, after its vCPUs. */
public final class KvmVm implements AutoCloseable {
    private final FileHandle vm;
    private final long runBytes;

    KvmVm(FileHandle vm, long runBytes) {
        this.vm = vm;
        this.runBytes = runBytes;
    }

    /**
     * KVM_SET_TSS_ADDR: three pages that Intel's CPUs need to run a guest in real mode.
     *
     * @param guestAddress
     *            below 4 GiB, where no RAM and no device is
     */
    public void setTssAddress(long guestAddress) throws SystemCallException {
        vm.ioctl("KVM_SET_TSS_ADDR", "0x" + Long.toHexString(guestAddress), Request.SET_TSS_ADDR, guestAddress);
    }

    /**
     * KVM_SET_IDENTITY_MAP_ADDR: one page, for the same as the TSS. Before the first vCPU.
     *
     * @param guestAddress
     *            below 4 GiB, where no RAM and no device is; not 0, which stands for the kernel's own choice
     */
    public void setIdentityMapAddress(long guestAddress) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            vm.ioctl("KVM_SET_IDENTITY_MAP_ADDR", "0x" + Long.toHexString(guestAddress), Request.SET_IDENTITY_MAP_ADDR,
                    arena.allocateFrom(ValueLayout.JAVA_LONG, guestAddress));
        }
    }

    /** KVM_CREATE_IRQCHIP: two PICs, the IOAPIC, and a local APIC in each vCPU. Before the first vCPU. */
    public void createIrqchip() throws SystemCallException {
        vm.ioctl("KVM_CREATE_IRQCHIP", "", Request.CREATE_IRQCHIP, 0);
    }

    /** KVM_CREATE_PIT2: the 8254 timer, with the speaker's port. After the irqchip. */
    public void createPit() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment config = arena.allocate(KvmPitConfig.BYTES, 8);
            config.set(ValueLayout.JAVA_INT, KvmPitConfig.FLAGS, KvmPitConfig.SPEAKER_DUMMY);
            vm.ioctl("KVM_CREATE_PIT2", "flags=" + KvmPitConfig.SPEAKER_DUMMY, Request.CREATE_PIT2, config);
        }
    }

    /**
     * KVM_SET_USER_MEMORY_REGION: makes memory of this process guest memory.
     *
     * @param host
     *            whole pages; must stay mapped for as long as the VM is open
     */
    public void setUserMemoryRegion(int slot, long guestAddress, MemorySegment host) throws SystemCallException {
        setUserMemoryRegion(slot, 0, guestAddress, host);
    }

    private void setUserMemoryRegion(int slot, int flags, long guestAddress, MemorySegment host)
            throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            vm.ioctl("KVM_SET_USER_MEMORY_REGION",
                    "slot=" + slot + " flags=" + flags + " guest_phys_addr=0x" + Long.toHexString(guestAddress)
                            + " memory_size=" + host.byteSize(),
                    Request.SET_USER_MEMORY_REGION, KvmMemoryRegion.of(arena, slot, flags, guestAddress, host));
        }
    }

    /**
     * KVM_SET_USER_MEMORY_REGION with or without KVM_MEM_LOG_DIRTY_PAGES: has the kernel log which pages of a slot vCPUs write
     * to, or stop that. While vCPUs run, too.
     *
     * @param guestAddress
     *            and {@code host}: as the slot was made with
     */
    public void setDirtyLogging(int slot, boolean on, long guestAddress, MemorySegment host)
            throws SystemCallException {
        setUserMemoryRegion(slot, on ? KvmMemoryRegion.LOG_DIRTY_PAGES : 0, guestAddress, host);
    }

    /**
     * KVM_ENABLE_CAP of KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: KVM_GET_DIRTY_LOG then leaves the log as it is, and
     * KVM_CLEAR_DIRTY_LOG clears parts of it, so that the lock on the guest's page tables is never held for all of a large guest.
     */
    public void enableManualDirtyLog() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            vm.ioctl("KVM_ENABLE_CAP", Capability.MANUAL_DIRTY_LOG_PROTECT2.kernelName(), Request.ENABLE_CAP,
                    KvmDirtyLog.manualProtection(arena));
        }
    }

    /**
     * KVM_GET_DIRTY_LOG.
     *
     * @param bitmap
     *            of whole longs, a bit for each page of the slot
     */
    public void getDirtyLog(int slot, MemorySegment bitmap) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            vm.ioctl("KVM_GET_DIRTY_LOG", "slot=" + slot, Request.GET_DIRTY_LOG,
                    KvmDirtyLog.get(arena, slot, bitmap));
        }
    }

    /**
     * KVM_CLEAR_DIRTY_LOG, where {@link #enableManualDirtyLog} was called: from here on writes to these pages are logged again.
     *
     * @param firstPage
     *            a multiple of 64
     * @param pages
     *            a multiple of 64, or all to the end of the slot
     * @param bits
     *            which of them: a bit for each, from {@code firstPage} on
     */
    public void clearDirtyLog(int slot, long firstPage, int pages, MemorySegment bits) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            vm.ioctl("KVM_CLEAR_DIRTY_LOG", "slot=" + slot + " first_page=" + firstPage + " num_pages=" + pages,
                    Request.CLEAR_DIRTY_LOG, KvmDirtyLog.clear(arena, slot, firstPage, pages, bits));
        }
    }

    /** KVM_IRQ_LINE. Allocates nothing. */
    public void setIrqLine(KvmIrqLevel level) throws SystemCallException {
        vm.ioctl("KVM_IRQ_LINE", "", Request.IRQ_LINE, level.struct());
    }

    /** KVM_SET_GSI_ROUTING: replaces every route there is, those that the irqchip came with included. */
    public void setGsiRouting(KvmIrqRouting routes) throws SystemCallException {
        vm.ioctl("KVM_SET_GSI_ROUTING", "nr=" + routes.count(), Request.SET_GSI_ROUTING, routes.struct());
    }

    /** KVM_IRQFD: from now on a ring of the event raises the interrupt that the GSI is routed to. */
    public void assignIrqfd(EventFile event, int gsi) throws SystemCallException {
        irqfd(event, gsi, 0);
    }

    /** KVM_IRQFD: takes an assignment back. */
    public void deassignIrqfd(EventFile event, int gsi) throws SystemCallException {
        irqfd(event, gsi, KvmIrqfd.DEASSIGN);
    }

    private void irqfd(EventFile event, int gsi, int flags) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            vm.ioctl("KVM_IRQFD", event + ", gsi=" + gsi + " flags=" + flags, Request.IRQFD,
                    KvmIrqfd.of(arena, event.number(), gsi, flags));
        }
    }

    /**
     * KVM_IOEVENTFD: from now on a write of any size and value to the address rings the event, and no vCPU exits for it.
     *
     * @throws SystemCallException
     *             EEXIST: another event has that address; ENOSPC: KVM has no room for more
     */
    public void assignIoeventfd(EventFile event, long guestAddress) throws SystemCallException {
        ioeventfd(event, guestAddress, 0);
    }

    /** KVM_IOEVENTFD: takes an assignment back. */
    public void deassignIoeventfd(EventFile event, long guestAddress) throws SystemCallException {
        ioeventfd(event, guestAddress, KvmIoeventfd.DEASSIGN);
    }

    private void ioeventfd(EventFile event, long guestAddress, int flags) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            vm.ioctl("KVM_IOEVENTFD", event + ", addr=0x" + Long.toHexString(guestAddress) + " flags=" + flags,
                    Request.IOEVENTFD, KvmIoeventfd.of(arena, event.number(), guestAddress, flags));
        }
    }

    /**
     * KVM_GET_IRQCHIP.
     *
     * @param chip
     *            {@link KvmIrqRouting#PIC_MASTER} and so on
     */
    public byte[] irqchip(int chip) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = arena.allocate(KvmIrqchip.BYTES, 8);
            struct.set(ValueLayout.JAVA_INT, KvmIrqchip.CHIP_ID, chip);
            vm.ioctl("KVM_GET_IRQCHIP", "chip_id=" + chip, Request.GET_IRQCHIP, struct);
            return struct.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** KVM_SET_IRQCHIP: of the chip that the struct is of, which must be {@code chip}. */
    public void setIrqchip(int chip, byte[] value) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = arena.allocate(KvmIrqchip.BYTES, 8);
            struct.copyFrom(MemorySegment.ofArray(value));
            struct.set(ValueLayout.JAVA_INT, KvmIrqchip.CHIP_ID, chip);
            vm.ioctl("KVM_SET_IRQCHIP", "chip_id=" + chip, Request.SET_IRQCHIP, struct);
        }
    }

    /** KVM_GET_PIT2. */
    public byte[] pit() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = arena.allocate(KvmPitState2.BYTES, 8);
            vm.ioctl("KVM_GET_PIT2", "", Request.GET_PIT2, struct);
            return struct.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** KVM_SET_PIT2. */
    public void setPit(byte[] value) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = arena.allocate(KvmPitState2.BYTES, 8);
            struct.copyFrom(MemorySegment.ofArray(value));
            vm.ioctl("KVM_SET_PIT2", "", Request.SET_PIT2, struct);
        }
    }

    /** KVM_GET_CLOCK: kvmclock, in nanoseconds. */
    public long clockNanos() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = arena.allocate(KvmClockData.BYTES, 8);
            vm.ioctl("KVM_GET_CLOCK", "", Request.GET_CLOCK, struct);
            return struct.get(ValueLayout.JAVA_LONG, KvmClockData.CLOCK);
        }
    }

    /** KVM_SET_CLOCK. */
    public void setClockNanos(long nanos) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = arena.allocate(KvmClockData.BYTES, 8);
            struct.set(ValueLayout.JAVA_LONG, KvmClockData.CLOCK, nanos);
            vm.ioctl("KVM_SET_CLOCK", "clock=" + nanos, Request.SET_CLOCK, struct);
        }
    }

    /**
     * KVM_CREATE_VCPU.
     *
     * @param id
     *            also its APIC id
     */
    public KvmVcpu createVcpu(int id) throws SystemCallException {
        long created = vm.ioctl("KVM_CREATE_VCPU", "id=" + id, Request.CREATE_VCPU, id);
        FileHandle vcpu = FileHandle.adopt("kvm-vcpu:" + id, created);
        try {
            return KvmVcpu.map(vcpu, runBytes);
        } catch (SystemCallException e) {
            vcpu.close();
            throw e;
        }
    }

    @Override
    public void close() {
        vm.close();
    }
}
