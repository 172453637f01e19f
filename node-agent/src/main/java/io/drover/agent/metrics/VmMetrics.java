package io.drover.agent.metrics;

import io.drover.proto.agent.v1.VmUsage;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The VMs that run on this host, and each of their devices, asked anew at every scrape. Counters begin at zero with each process
 * of a VM, as Prometheus expects of what is started again. Directions are the guest's. What is not told has no sample.
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
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        addVms(usages, all);
        addDisks(usages, all);
        addNics(usages, all);
        addVsocks(usages, all);
        addConsolePorts(usages, all);
        addBalloons(usages, all);
        addGuestMemory(usages, all);
        addWatchdogs(usages, all);
        addRngs(usages, all);
        return all.build();
    }

    private static void addVms(List<VmUsage> usages, MetricSnapshots.Builder all) {
        DeviceSeries<VmUsage> vms = DeviceSeries.of(usages, List::of, vm -> Labels.EMPTY);
        all.metricSnapshot(vms.counter("drover_vm_cpu_seconds", Unit.SECONDS,
                "CPU time of the guest and of all that runs for it",
                vm -> vm.getCpuTime().getSeconds() + vm.getCpuTime().getNanos() / 1e9));
        all.metricSnapshot(vms.gauge("drover_vm_vcpus", "Virtual CPUs", VmUsage::getVcpus));
        all.metricSnapshot(vms.gauge("drover_vm_memory_bytes", "Memory that the guest has", VmUsage::getMemoryBytes));
        all.metricSnapshot(vms.gauge("drover_vm_memory_resident_bytes",
                "Memory that the VM's process takes of the host", VmUsage::getResidentMemoryBytes));
    }

    private static void addDisks(List<VmUsage> usages, MetricSnapshots.Builder all) {
        DeviceSeries<VmUsage.Disk> disks = DeviceSeries.of(usages, VmUsage::getDisksList,
                disk -> Labels.of("disk", disk.getName()));
        all.metricSnapshot(disks.counter("drover_vm_disk_reads", "Reads", VmUsage.Disk::getReads));
        all.metricSnapshot(disks.counter("drover_vm_disk_read_bytes", "Bytes read", VmUsage.Disk::getReadBytes));
        all.metricSnapshot(disks.counter("drover_vm_disk_writes", "Writes", VmUsage.Disk::getWrites));
        all.metricSnapshot(
                disks.counter("drover_vm_disk_written_bytes", "Bytes written", VmUsage.Disk::getWrittenBytes));
        all.metricSnapshot(disks.counter("drover_vm_disk_flushes", "Flushes", VmUsage.Disk::getFlushes));
        all.metricSnapshot(
                disks.counter("drover_vm_disk_discards", "Discards, and zeros written", VmUsage.Disk::getDiscards));
        all.metricSnapshot(disks.counter("drover_vm_disk_failures", "Requests that were answered with an error",
                VmUsage.Disk::getFailures));
    }

    private static void addNics(List<VmUsage> usages, MetricSnapshots.Builder all) {
        DeviceSeries<VmUsage.Nic> nics = DeviceSeries.of(usages, VmUsage::getNicsList,
                nic -> Labels.of("nic", nic.getName()));
        all.metricSnapshot(nics.counter("drover_vm_nic_receive_packets", "Frames that the guest was given",
                VmUsage.Nic::getReceivedFrames));
        all.metricSnapshot(nics.counter("drover_vm_nic_receive_bytes", "Bytes that the guest was given",
                VmUsage.Nic::getReceivedBytes));
        all.metricSnapshot(nics.counter("drover_vm_nic_receive_drop",
                "Frames for the guest that it had no room for", VmUsage.Nic::getReceiveDrops));
        all.metricSnapshot(
                nics.counter("drover_vm_nic_transmit_packets", "Frames that the guest sent",
                        VmUsage.Nic::getSentFrames));
        all.metricSnapshot(
                nics.counter("drover_vm_nic_transmit_bytes", "Bytes that the guest sent", VmUsage.Nic::getSentBytes));
        all.metricSnapshot(nics.counter("drover_vm_nic_transmit_drop", "What the guest sent that went nowhere",
                VmUsage.Nic::getSendDrops));
    }

    private static void addVsocks(List<VmUsage> usages, MetricSnapshots.Builder all) {
        DeviceSeries<VmUsage.Vsock> vsocks = one(usages, VmUsage::hasVsock, VmUsage::getVsock);
        all.metricSnapshot(
                vsocks.gauge("drover_vm_vsock_open", "Streams at this moment", VmUsage.Vsock::getOpen));
        all.metricSnapshot(vsocks.counter("drover_vm_vsock_from_host",
                "Streams that programs on the host began", VmUsage.Vsock::getFromHost));
        all.metricSnapshot(vsocks.counter("drover_vm_vsock_from_guest", "Streams that the guest began",
                VmUsage.Vsock::getFromGuest));
        all.metricSnapshot(vsocks.counter("drover_vm_vsock_refused",
                "Streams that one side wanted and the other did not take", VmUsage.Vsock::getRefused));
        all.metricSnapshot(vsocks.counter("drover_vm_vsock_receive_bytes", "Bytes that the guest was given",
                VmUsage.Vsock::getReceivedBytes));
        all.metricSnapshot(vsocks.counter("drover_vm_vsock_transmit_bytes", "Bytes that the guest sent",
                VmUsage.Vsock::getSentBytes));
    }

    private static void addConsolePorts(List<VmUsage> usages, MetricSnapshots.Builder all) {
        DeviceSeries<VmUsage.ConsolePort> ports = DeviceSeries.of(usages, VmUsage::getConsolePortsList,
                port -> Labels.of("port", port.getName()));
        all.metricSnapshot(ports.counter("drover_vm_console_receive_bytes", "Bytes that the guest was given",
                VmUsage.ConsolePort::getReceivedBytes));
        all.metricSnapshot(ports.counter("drover_vm_console_transmit_bytes", "Bytes that the guest sent",
                VmUsage.ConsolePort::getSentBytes));
    }

    private static void addBalloons(List<VmUsage> usages, MetricSnapshots.Builder all) {
        DeviceSeries<VmUsage.Balloon> balloons = one(usages, VmUsage::hasBalloon, VmUsage::getBalloon);
        all.metricSnapshot(balloons.gauge("drover_vm_balloon_target_bytes", "Memory that the guest is to be left with",
                VmUsage.Balloon::getTargetBytes));
        all.metricSnapshot(balloons.gauge("drover_vm_balloon_actual_bytes",
                "Memory that the guest says that it is left with", VmUsage.Balloon::getActualBytes));
        all.metricSnapshot(balloons.where(VmUsage.Balloon::hasInflatedBytes).counter(
                "drover_vm_balloon_inflated_bytes", "Memory given back to the host because it was asked for",
                VmUsage.Balloon::getInflatedBytes));
        all.metricSnapshot(balloons.where(VmUsage.Balloon::hasReportedBytes).counter(
                "drover_vm_balloon_reported_bytes", "Memory given back to the host because nobody in the guest used it",
                VmUsage.Balloon::getReportedBytes));
    }

    private static void addGuestMemory(List<VmUsage> usages, MetricSnapshots.Builder all) {
        DeviceSeries<VmUsage.GuestMemory> guests = one(usages,
                vm -> vm.hasBalloon() && vm.getBalloon().hasGuestMemory(), vm -> vm.getBalloon().getGuestMemory());
        all.metricSnapshot(guests.gauge("drover_vm_guest_memory_timestamp_seconds", "When the guest told of its memory",
                told -> told.getTime().getSeconds() + told.getTime().getNanos() / 1e9));
        all.metricSnapshot(guests.where(VmUsage.GuestMemory::hasTotalBytes).gauge("drover_vm_guest_memory_total_bytes",
                "All memory that the guest's kernel has", VmUsage.GuestMemory::getTotalBytes));
        all.metricSnapshot(guests.where(VmUsage.GuestMemory::hasFreeBytes).gauge("drover_vm_guest_memory_free_bytes",
                "Memory that the guest uses for nothing", VmUsage.GuestMemory::getFreeBytes));
        all.metricSnapshot(guests.where(VmUsage.GuestMemory::hasAvailableBytes).gauge(
                "drover_vm_guest_memory_available_bytes",
                "Memory that programs in the guest could have without swapping",
                VmUsage.GuestMemory::getAvailableBytes));
        all.metricSnapshot(guests.where(VmUsage.GuestMemory::hasCacheBytes).gauge("drover_vm_guest_memory_cache_bytes",
                "The guest's caches of files", VmUsage.GuestMemory::getCacheBytes));
        all.metricSnapshot(guests.where(VmUsage.GuestMemory::hasSwappedInBytes).counter(
                "drover_vm_guest_swapped_in_bytes", "Bytes that the guest swapped in",
                VmUsage.GuestMemory::getSwappedInBytes));
        all.metricSnapshot(guests.where(VmUsage.GuestMemory::hasSwappedOutBytes).counter(
                "drover_vm_guest_swapped_out_bytes", "Bytes that the guest swapped out",
                VmUsage.GuestMemory::getSwappedOutBytes));
        all.metricSnapshot(guests.where(VmUsage.GuestMemory::hasMajorFaults).counter("drover_vm_guest_major_faults",
                "Page faults in the guest that waited for a disk", VmUsage.GuestMemory::getMajorFaults));
        all.metricSnapshot(guests.where(VmUsage.GuestMemory::hasMinorFaults).counter("drover_vm_guest_minor_faults",
                "Page faults in the guest that did not", VmUsage.GuestMemory::getMinorFaults));
    }

    private static void addWatchdogs(List<VmUsage> usages, MetricSnapshots.Builder all) {
        DeviceSeries<VmUsage.Watchdog> watchdogs = one(usages, VmUsage::hasWatchdog, VmUsage::getWatchdog);
        all.metricSnapshot(watchdogs.gauge("drover_vm_watchdog_armed", "1 while the guest has armed its watchdog",
                watchdog -> watchdog.getArmed() ? 1 : 0));
        all.metricSnapshot(watchdogs.counter("drover_vm_watchdog_expirations", "How often the watchdog has acted",
                VmUsage.Watchdog::getExpirations));
    }

    private static void addRngs(List<VmUsage> usages, MetricSnapshots.Builder all) {
        DeviceSeries<VmUsage.Rng> rngs = one(usages, VmUsage::hasRng, VmUsage::getRng);
        all.metricSnapshot(
                rngs.counter("drover_vm_rng_bytes", "Random bytes that the guest was given", VmUsage.Rng::getBytes));
    }

    /** Of what a VM has one of, or none. */
    private static <D> DeviceSeries<D> one(List<VmUsage> usages, Predicate<VmUsage> has, Function<VmUsage, D> device) {
        return DeviceSeries.of(usages, vm -> has.test(vm) ? List.of(device.apply(vm)) : List.of(),
                each -> Labels.EMPTY);
    }
}
