package io.drover.agent.driver.qemu;

import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.MachineShare;
import java.util.List;
import java.util.stream.Collectors;

/** QEMU's arguments for its machine and where the guest's memory comes from (qemu-system-x86_64(1)). */
final class QemuMemory {
    private static final String MACHINE = "q35,usb=off,vmport=off";

    private QemuMemory() {}

    static List<String> arguments(MachinePlan plan) {
        MachineShare share = plan.share();
        boolean huge = share.pageBytes() > MachineShare.SMALL_PAGE_BYTES;
        if (!huge && !share.prefault() && share.nodes().isEmpty()) {
            return List.of("-machine", MACHINE);
        }
        // Huge pages that a node has not would end QEMU in the middle of the guest's run, so they are taken before it.
        boolean early = share.prefault() || (huge && !share.nodes().isEmpty());
        String memory = "memory-backend-memfd,id=ram,size=" + plan.memoryBytes() + ",share=on"
                + (huge ? ",hugetlb=on,hugetlbsize=" + share.pageBytes() : "") + (early ? ",prealloc=on" : "")
                + (share.nodes().isEmpty() ? ""
                        : ",policy=bind," + share.nodes().stream().map(node -> "host-nodes=" + node)
                                .collect(Collectors.joining(",")));
        return List.of("-object", memory, "-machine", MACHINE + ",memory-backend=ram");
    }
}
