package io.drover.vmm.client;

import io.drover.proto.vmm.v1.CpuidLeaf;

/**
 * What CPUID answers for one leaf and subleaf, of what belongs to a CPU and not to a machine or a vCPU.
 *
 * @param function
 *            EAX before the instruction
 * @param index
 *            ECX before it; 0 where it does not matter
 */
public record VmmCpuidLeaf(int function, int index, int eax, int ebx, int ecx, int edx) {
    static VmmCpuidLeaf of(CpuidLeaf leaf) {
        return new VmmCpuidLeaf(leaf.getFunction(), leaf.getIndex(), leaf.getEax(), leaf.getEbx(), leaf.getEcx(),
                leaf.getEdx());
    }

    CpuidLeaf toProto() {
        return CpuidLeaf.newBuilder().setFunction(function).setIndex(index).setEax(eax).setEbx(ebx).setEcx(ecx)
                .setEdx(edx).build();
    }
}
