package io.drover.vmm.client;

import io.drover.proto.vmm.v1.CpuidEntry;

/**
 * What CPUID answers vCPU 0 for one leaf, or one subleaf of it.
 *
 * @param function
 *            EAX before the instruction
 * @param index
 *            ECX before it, where it matters
 * @param flags
 *            1: the index matters
 */
public record VmmCpuidEntry(int function, int index, int flags, int eax, int ebx, int ecx, int edx) {
    static VmmCpuidEntry of(CpuidEntry entry) {
        return new VmmCpuidEntry(entry.getFunction(), entry.getIndex(), entry.getFlags(), entry.getEax(),
                entry.getEbx(), entry.getEcx(), entry.getEdx());
    }

    /** Converts to the protocol. */
    public CpuidEntry toProto() {
        return CpuidEntry.newBuilder().setFunction(function).setIndex(index).setFlags(flags).setEax(eax).setEbx(ebx)
                .setEcx(ecx).setEdx(edx).build();
    }
}
