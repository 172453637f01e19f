package io.drover.vmm.process;

import io.drover.vmm.client.VmmCpuModel;
import io.drover.vmm.client.VmmCpuidLeaf;
import io.drover.vmm.client.VmmCpuidEntry;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.cpuid.CpuModel;
import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.cpuid.GivenCpuid;
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

    /** What the guest was shown before, if it was. */
    static Optional<GivenCpuid> given(VmmSettings settings) {
        List<VmmCpuidEntry> told = settings.share().cpuid();
        if (told.isEmpty()) {
            return Optional.empty();
        }
        List<CpuidEntry> entries = new ArrayList<>();
        for (VmmCpuidEntry entry : told) {
            entries.add(new CpuidEntry(entry.function(), entry.index(), entry.flags(), entry.eax(), entry.ebx(),
                    entry.ecx(), entry.edx()));
        }
        return Optional.of(new GivenCpuid(entries));
    }

    static List<VmmCpuidEntry> given(GivenCpuid cpuid) {
        List<VmmCpuidEntry> told = new ArrayList<>();
        for (CpuidEntry entry : cpuid.entries()) {
            told.add(new VmmCpuidEntry(entry.function(), entry.index(), entry.flags(), entry.eax(), entry.ebx(),
                    entry.ecx(), entry.edx()));
        }
        return told;
    }
}
