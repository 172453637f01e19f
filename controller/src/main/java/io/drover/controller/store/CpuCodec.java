package io.drover.controller.store;

import io.drover.proto.state.v1.CpuidLeaf;
import io.drover.scheduler.cpu.Cpu;
import java.util.List;
import java.util.Optional;

/** CPUs as they are in records. */
final class CpuCodec {
    private CpuCodec() {}

    static List<CpuidLeaf> encode(Cpu cpu) {
        return cpu.leaves().stream().map(leaf -> CpuidLeaf.newBuilder().setFunction(leaf.function())
                .setIndex(leaf.index()).setEax(leaf.eax()).setEbx(leaf.ebx()).setEcx(leaf.ecx()).setEdx(leaf.edx())
                .build()).toList();
    }

    /**
     * Empty when there are no leaves.
     *
     * @throws IllegalArgumentException when one is there twice
     */
    static Optional<Cpu> decode(List<CpuidLeaf> leaves) {
        return leaves.isEmpty() ? Optional.empty()
                : Optional.of(new Cpu(leaves.stream()
                        .map(leaf -> new io.drover.scheduler.cpu.CpuidLeaf(leaf.getFunction(), leaf.getIndex(),
                                leaf.getEax(), leaf.getEbx(), leaf.getEcx(), leaf.getEdx()))
                        .toList()));
    }
}
