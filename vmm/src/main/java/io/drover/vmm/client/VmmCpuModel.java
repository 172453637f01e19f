package io.drover.vmm.client;

import io.drover.proto.vmm.v1.CpuModel;
import java.util.List;
import java.util.Objects;

/**
 * What a VM's CPUs are, on whatever host.
 *
 * @param name
 *            shown to the guest as part of the CPU's name
 * @param leaves
 *            what hosts have in common, of what {@link io.drover.vmm.selftest.SelfTestResult.Usable} says of each
 */
public record VmmCpuModel(String name, List<VmmCpuidLeaf> leaves) {
    public VmmCpuModel {
        Objects.requireNonNull(name, "name");
        leaves = List.copyOf(leaves);
    }

    static VmmCpuModel of(CpuModel model) {
        return new VmmCpuModel(model.getName(), model.getLeavesList().stream().map(VmmCpuidLeaf::of).toList());
    }

    CpuModel toProto() {
        return CpuModel.newBuilder().setName(name)
                .addAllLeaves(leaves.stream().map(VmmCpuidLeaf::toProto).toList()).build();
    }
}
