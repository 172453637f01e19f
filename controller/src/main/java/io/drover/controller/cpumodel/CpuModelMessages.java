package io.drover.controller.cpumodel;

import io.drover.controller.record.CpuModel;
import io.drover.controller.record.HostId;
import io.drover.controller.store.Timestamps;
import java.util.List;

/** CPU models in the public API. */
final class CpuModelMessages {
    private CpuModelMessages() {}

    /**
     * As users see it.
     *
     * @param now hosts that have all of it
     */
    static io.drover.proto.v1.CpuModel of(CpuModel model, List<HostId> now) {
        return io.drover.proto.v1.CpuModel.newBuilder().setName(model.id().resourceName())
                .setVendor(model.cpu().vendor()).setFamily(model.cpu().family()).setModel(model.cpu().model())
                .setStepping(model.cpu().stepping()).addAllFeatures(model.cpu().features())
                .addAllSourceHosts(model.hosts().stream().map(HostId::resourceName).toList())
                .addAllHosts(now.stream().map(HostId::resourceName).toList()).setDescription(model.description())
                .setCreateTime(Timestamps.of(model.created())).build();
    }
}
