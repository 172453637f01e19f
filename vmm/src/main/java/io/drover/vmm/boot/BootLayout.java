package io.drover.vmm.boot;

/** Where the loader puts what it makes: in the first 640 KiB, which the kernel may use again once it has read them. */
final class BootLayout {
    static final long GDT = 0x500;
    static final long PVH_START_INFO = 0x6000;
    static final long PVH_MODULES = 0x6040;
    static final long PVH_MEMORY_MAP = 0x6100;
    static final long ZERO_PAGE = 0x7000;
    /** One page for level 4, one for level 3, four for level 2. */
    static final long PAGE_TABLES = 0x9000;
    static final long COMMAND_LINE = 0x2_0000;
    /** Behind it a PC has its extended BIOS data area, video memory and BIOS. */
    static final long LOW_END = 0x9_FC00;
    /** Kernels lie at or above 1 MiB. */
    static final long KERNEL_FLOOR = 0x10_0000;

    /** The most that we take, less the NUL: what x86 kernels take (COMMAND_LINE_SIZE). */
    static final int COMMAND_LINE_MAX_BYTES = 2047;

    private BootLayout() {}
}
