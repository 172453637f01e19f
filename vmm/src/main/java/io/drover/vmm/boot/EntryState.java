package io.drover.vmm.boot;

/**
 * What vCPU 0 starts with; everything not here is as after a reset, with interrupts off. The other vCPUs wait for INIT and SIPI.
 *
 * @param rbx
 *            address of the PVH start info, or 0
 * @param rsi
 *            address of the Linux zero page, or 0
 * @param cr3
 *            address of the page tables, or 0 without paging
 * @param gdtBase
 *            where the global descriptor table lies in guest memory
 * @param gdtLimit
 *            its size in bytes less one
 * @param code
 *            CS
 * @param data
 *            DS, ES, FS, GS and SS
 * @param task
 *            TR, which a virtual machine must have
 */
public record EntryState(long rip, long rbx, long rsi, long cr0, long cr3, long cr4, long efer, long gdtBase,
        int gdtLimit,
        SegmentState code, SegmentState data, SegmentState task) {
    /** RFLAGS: interrupts off, and the bit that is always one. */
    public static final long RFLAGS = 2;

    private static final long CR0_PE = 1;
    private static final long CR0_ET = 1 << 4;
    private static final long CR0_PG = 1L << 31;
    private static final long CR4_PAE = 1 << 5;
    private static final long EFER_LME = 1 << 8;
    private static final long EFER_LMA = 1 << 10;

    private static final int READ_EXECUTE_ACCESSED = 11;
    private static final int READ_WRITE_ACCESSED = 3;
    private static final int BUSY_TASK = 11;
    private static final long FOUR_GIB_LESS_ONE = 0xFFFF_FFFFL;

    /** __BOOT_CS, as boot.rst demands; our GDT has it at the same place. */
    private static final int CODE_SELECTOR = 0x10;
    /** __BOOT_DS. */
    private static final int DATA_SELECTOR = 0x18;
    private static final int TASK_SELECTOR = 0x20;

    /** In 64-bit mode a task's descriptor takes two entries. */
    private static final int GDT_LIMIT = TASK_SELECTOR + 16 - 1;

    private static final SegmentState DATA = new SegmentState(DATA_SELECTOR, 0, FOUR_GIB_LESS_ONE, READ_WRITE_ACCESSED,
            true, false, true);
    private static final SegmentState TASK = new SegmentState(TASK_SELECTOR, 0, 0x67, BUSY_TASK, false, false, false);

    /** The 64-bit entry of boot.rst: long mode, flat, identity-mapped. */
    static EntryState linux64(long rip, long zeroPage, long pageTables) {
        SegmentState code = new SegmentState(CODE_SELECTOR, 0, FOUR_GIB_LESS_ONE, READ_EXECUTE_ACCESSED, true, true,
                false);
        return new EntryState(rip, 0, zeroPage, CR0_PE | CR0_ET | CR0_PG, pageTables, CR4_PAE, EFER_LME | EFER_LMA,
                BootLayout.GDT, GDT_LIMIT, code, DATA, TASK);
    }

    /** The PVH entry: 32-bit protected mode, flat, no paging. */
    static EntryState pvh(long rip, long startInfo) {
        SegmentState code = new SegmentState(CODE_SELECTOR, 0, FOUR_GIB_LESS_ONE, READ_EXECUTE_ACCESSED, true, false,
                true);
        return new EntryState(rip, startInfo, 0, CR0_PE | CR0_ET, 0, 0, 0, BootLayout.GDT, GDT_LIMIT, code, DATA,
                TASK);
    }

    /** The table that holds the three segments, by selector. */
    long[] gdt() {
        long[] table = new long[TASK_SELECTOR / 8 + 2];
        table[CODE_SELECTOR / 8] = code.descriptor();
        table[DATA_SELECTOR / 8] = data.descriptor();
        table[TASK_SELECTOR / 8] = task.descriptor();
        return table;
    }
}
