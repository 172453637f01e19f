package io.drover.agent.metrics;

import io.drover.proto.agent.v1.VmUsage;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The VMs that run on this host, and each of their devices, asked anew at every scrape. Counters begin at zero with each process
 * of a VM, as Prometheus expects of what is started again.
 */
public final class VmMetrics implements MultiCollector {
    private final Source source;

    /** Tells what the VMs have used. */
    public interface Source {
        List<VmUsage> usage() throws InterruptedException;
    }

    public VmMetrics(Source source) {
        this.source = source;
    }

    @Override
    public MetricSnapshots collect() {
        try {
            return of(source.usage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new MetricSnapshots();
        }
    }

    static MetricSnapshots of(List<VmUsage> usages) {
        return MetricSnapshots.builder()
                .metricSnapshot(counter(usages, "drover_vm_cpu", Unit.SECONDS,
                        "CPU time of the guest and of all that runs for it",
                        usage -> usage.getCpuTime().getSeconds() + usage.getCpuTime().getNanos() / 1e9))
                .metricSnapshot(gauge(usages, "drover_vm_vcpus", "Virtual CPUs", VmUsage::getVcpus))
                .metricSnapshot(gauge(usages, "drover_vm_memory_bytes", "Memory that the guest has",
                        VmUsage::getMemoryBytes))
                .metricSnapshot(gauge(usages, "drover_vm_memory_resident_bytes",
                        "Memory that the VM's process takes of the host", VmUsage::getResidentMemoryBytes))
                .metricSnapshot(disk(usages, "drover_vm_disk_reads", "Reads", VmUsage.Disk::getReads))
                .metricSnapshot(disk(usages, "drover_vm_disk_read_bytes", "Bytes read", VmUsage.Disk::getReadBytes))
                .metricSnapshot(disk(usages, "drover_vm_disk_writes", "Writes", VmUsage.Disk::getWrites))
                .metricSnapshot(
                        disk(usages, "drover_vm_disk_written_bytes", "Bytes written", VmUsage.Disk::getWrittenBytes))
                .metricSnapshot(disk(usages, "drover_vm_disk_flushes", "Flushes", VmUsage.Disk::getFlushes))
                .metricSnapshot(
                        disk(usages, "drover_vm_disk_discards", "Discards, and zeros written",
                                VmUsage.Disk::getDiscards))
                .metricSnapshot(disk(usages, "drover_vm_disk_failures", "Requests that were answered with an error",
                        VmUsage.Disk::getFailures))
                .build();
    }

    private static Labels labels(VmUsage usage) {
        return Labels.of("vm", usage.getVm(), "uid", usage.getUid(), "driver", usage.getDriver());
    }

    private static CounterSnapshot counter(List<VmUsage> usages, String name, Unit unit, String help,
            ToDoubleFunction<VmUsage> value) {
        CounterSnapshot.Builder counter = CounterSnapshot.builder().name(name + "_" + unit).unit(unit).help(help);
        usages.forEach(usage -> counter.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                .labels(labels(usage)).value(value.applyAsDouble(usage)).build()));
        return counter.build();
    }

    private static GaugeSnapshot gauge(List<VmUsage> usages, String name, String help,
            ToDoubleFunction<VmUsage> value) {
        GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(help);
        usages.forEach(usage -> gauge.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder().labels(labels(usage))
                .value(value.applyAsDouble(usage)).build()));
        return gauge.build();
    }

    private static CounterSnapshot disk(List<VmUsage> usages, String name, String help,
            ToDoubleFunction<VmUsage.Disk> value) {
        CounterSnapshot.Builder counter = CounterSnapshot.builder().name(name).help(help);
        for (VmUsage usage : usages) {
            for (VmUsage.Disk disk : usage.getDisksList()) {
                counter.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                        .labels(labels(usage).merge(Labels.of("disk", disk.getName())))
                        .value(value.applyAsDouble(disk)).build());
            }
        }
        return counter.build();
    }
}
