package io.drover.controller.record;

import io.drover.scheduler.cpu.Cpu;
import java.time.Instant;
import java.util.List;

/**
 * What the CPUs of some hosts have in common, for VMs that may move between them. Never changed once made.
 *
 * @param hosts those it was made of, by name
 * @param requestId of the request that made it; empty when it had none
 */
public record CpuModel(CpuModelId id, Cpu cpu, List<HostId> hosts, String description, Instant created,
        String requestId) implements StoredRecord {
    public CpuModel {
        hosts = hosts.stream().sorted().distinct().toList();
    }
}
