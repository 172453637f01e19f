package io.drover.vmm.process;

import io.drover.vmm.client.VmmCpuModel;
import io.drover.vmm.client.VmmCpuidLeaf;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.cpuid.CpuModel;
import io.drover.vmm.cpuid.CpuidEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The machine's CPU model out of the process's settings. */
final class CpuTranslation {
    private CpuTranslation() {}

    static Optional<CpuModel> of(VmmSettings settings) {
        if (settings.cpuModel().isEmpty()) {
            return Optional.empty();
        }
        VmmCpuModel model = settings.cpuModel().get();
        List<CpuidEntry> leaves = new ArrayList<>();
        for (VmmCpuidLeaf leaf : model.leaves()) {
            leaves.add(new CpuidEntry(leaf.function(), leaf.index(), 0, leaf.eax(), leaf.ebx(), leaf.ecx(),
                    leaf.edx()));
        }
        return Optional.of(new CpuModel(model.name(), leaves));
    }
}
