package io.drover.vmm.kvm;

/** Numbers of KVM's ioctls: direction, size of the struct, KVM's letter and the call's own number (asm-generic/ioctl.h). */
final class Request {
    private static final long KVMIO = 0xAE00;
    private static final long WRITE = 1L << 30;
    private static final long READ = 2L << 30;

    static final long GET_API_VERSION = none(0x00);
    static final long CREATE_VM = none(0x01);
    static final long CHECK_EXTENSION = none(0x03);
    static final long GET_VCPU_MMAP_SIZE = none(0x04);
    static final long GET_SUPPORTED_CPUID = readWrite(0x05, KvmCpuid.HEADER_BYTES);

    /** The header alone counts, here and for MSRs: what is behind it is of any length. */
    static final long GET_MSR_INDEX_LIST = readWrite(0x02, KvmMsrList.HEADER_BYTES);

    static final long CREATE_VCPU = none(0x41);
    static final long GET_DIRTY_LOG = write(0x42, KvmDirtyLog.GET_BYTES);
    static final long SET_USER_MEMORY_REGION = write(0x46, KvmMemoryRegion.BYTES);
    static final long SET_TSS_ADDR = none(0x47);
    static final long SET_IDENTITY_MAP_ADDR = write(0x48, Long.BYTES);
    static final long CREATE_IRQCHIP = none(0x60);
    static final long IRQ_LINE = write(0x61, KvmIrqLevel.BYTES);
    static final long GET_IRQCHIP = readWrite(0x62, KvmIrqchip.BYTES);
    /** As a read, which the kernel's header has so. */
    static final long SET_IRQCHIP = read(0x63, KvmIrqchip.BYTES);
    static final long SET_GSI_ROUTING = write(0x6a, KvmIrqRouting.HEADER_BYTES);
    static final long IRQFD = write(0x76, KvmIrqfd.BYTES);
    static final long CREATE_PIT2 = write(0x77, KvmPitConfig.BYTES);
    static final long SET_CLOCK = write(0x7b, KvmClockData.BYTES);
    static final long GET_CLOCK = read(0x7c, KvmClockData.BYTES);
    static final long GET_PIT2 = read(0x9f, KvmPitState2.BYTES);
    static final long SET_PIT2 = write(0xa0, KvmPitState2.BYTES);
    static final long IOEVENTFD = write(0x79, KvmIoeventfd.BYTES);

    static final long RUN = none(0x80);
    static final long GET_REGS = read(0x81, KvmRegs.BYTES);
    static final long SET_REGS = write(0x82, KvmRegs.BYTES);
    static final long GET_SREGS = read(0x83, KvmSregs.BYTES);
    static final long SET_SREGS = write(0x84, KvmSregs.BYTES);
    /** The header alone counts: the mask behind it is of any length. */
    static final long SET_SIGNAL_MASK = write(0x8b, KvmSignalMask.HEADER_BYTES);
    static final long GET_MSRS = readWrite(0x88, KvmMsrs.HEADER_BYTES);
    static final long SET_MSRS = write(0x89, KvmMsrs.HEADER_BYTES);
    static final long GET_LAPIC = read(0x8e, 1024);
    static final long SET_LAPIC = write(0x8f, 1024);
    static final long SET_CPUID2 = write(0x90, KvmCpuid.HEADER_BYTES);
    static final long GET_MP_STATE = read(0x98, KvmMpState.BYTES);
    static final long SET_MP_STATE = write(0x99, KvmMpState.BYTES);
    static final long GET_VCPU_EVENTS = read(0x9f, 64);
    static final long SET_VCPU_EVENTS = write(0xa0, 64);
    static final long GET_DEBUGREGS = read(0xa1, 128);
    static final long SET_DEBUGREGS = write(0xa2, 128);
    static final long SET_TSC_KHZ = none(0xa2);
    static final long GET_TSC_KHZ = none(0xa3);
    static final long GET_XSAVE = read(0xa4, 4096);
    static final long SET_XSAVE = write(0xa5, 4096);
    static final long GET_XCRS = read(0xa6, 392);
    static final long SET_XCRS = write(0xa7, 392);
    static final long KVMCLOCK_CTRL = none(0xad);
    static final long GET_SREGS2 = read(0xcc, 320);
    static final long SET_SREGS2 = write(0xcd, 320);
    static final long GET_XSAVE2 = read(0xcf, 4096);

    static final long ENABLE_CAP = write(0xa3, KvmDirtyLog.ENABLE_BYTES);
    static final long CLEAR_DIRTY_LOG = readWrite(0xc0, KvmDirtyLog.CLEAR_BYTES);

    private Request() {}

    private static long none(int number) {
        return KVMIO | number;
    }

    private static long write(int number, long bytes) {
        return WRITE | bytes << 16 | KVMIO | number;
    }

    private static long read(int number, long bytes) {
        return READ | bytes << 16 | KVMIO | number;
    }

    private static long readWrite(int number, long bytes) {
        return READ | WRITE | bytes << 16 | KVMIO | number;
    }
}
