package io.drover.controller.agent;

import io.drover.controller.record.Resources;
import io.drover.controller.record.Resources.Numa;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.scheduler.capacity.PageSize;

/** What of its host a VM is given, as an agent is told. */
final class ResourcesMessages {
    private ResourcesMessages() {}

    static StartVmRequest.Resources of(Resources resources) {
        StartVmRequest.Resources.Builder message = StartVmRequest.Resources.newBuilder()
                .setHugePageBytes(resources.pages() == PageSize.SMALL ? 0 : resources.pages().bytes())
                .setPrefault(resources.prefault()).setDedicatedCpus(resources.dedicatedCpus())
                .setCpuLimitMillis(resources.cpuLimitMillis()).setCpuWeight(resources.cpuWeight());
        switch (resources.numa()) {
            case Numa.Any _ -> {
                // Nothing is said then.
            }
            case Numa.Node(int number) -> message.setNumaNode(number);
            case Numa.OfCpus _ -> message.setNumaAuto(true);
        }
        return message.build();
    }
}
