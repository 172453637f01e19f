package io.drover.vmm.accelerator;

import io.drover.vmm.kvm.KvmVm;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.memory.DirtyBitmap;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.MemoryRegion;
import io.drover.vmm.memory.PageSet;
import java.util.ArrayList;
import java.util.List;

/** KVM's bitmap. Not its ring, which would need one more system call for each pass and overruns on a busy guest. */
final class KvmDirtyPages implements DirtyLog {
    /** What is cleared at once, under the lock of the guest's page tables: 128 MiB. */
    private static final int CLEARED_PAGES = 32 << 10;

    private final KvmVm vm;
    private final List<MemoryRegion> slots;
    private final boolean manual;
    private List<DirtyBitmap> bitmaps = List.of();

    KvmDirtyPages(KvmVm vm, List<MemoryRegion> slots, boolean manual) {
        this.vm = vm;
        this.slots = List.copyOf(slots);
        this.manual = manual;
    }

    @Override
    public void start() throws SystemCallException {
        if (manual) {
            vm.enableManualDirtyLog();
        }
        List<DirtyBitmap> made = new ArrayList<>();
        for (int slot = 0; slot < slots.size(); slot++) {
            MemoryRegion region = slots.get(slot);
            vm.setDirtyLogging(slot, true, region.address(), region.segment());
            made.add(new DirtyBitmap(region.length() / GuestMemory.PAGE_BYTES));
        }
        bitmaps = made;
    }

    @Override
    public void collect(PageSet into) throws SystemCallException {
        long firstOfSlot = 0;
        for (int slot = 0; slot < bitmaps.size(); slot++) {
            DirtyBitmap bitmap = bitmaps.get(slot);
            vm.getDirtyLog(slot, bitmap.segment());
            // Before any of them is cleared, so that none is lost when clearing fails.
            bitmap.addTo(into, firstOfSlot);
            if (manual) {
                for (long page = 0; page < bitmap.pages(); page += CLEARED_PAGES) {
                    if (bitmap.hasAny(page, CLEARED_PAGES)) {
                        vm.clearDirtyLog(slot, page, (int) Math.min(CLEARED_PAGES, bitmap.pages() - page),
                                bitmap.segmentFrom(page));
                    }
                }
            }
            firstOfSlot += bitmap.pages();
        }
    }

    @Override
    public void stop() throws SystemCallException {
        for (int slot = 0; slot < bitmaps.size(); slot++) {
            MemoryRegion region = slots.get(slot);
            vm.setDirtyLogging(slot, false, region.address(), region.segment());
        }
        bitmaps = List.of();
    }
}
