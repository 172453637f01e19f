package io.drover.agent.vm;

import com.google.protobuf.Timestamp;
import io.drover.agent.driver.MachineCounters;
import io.drover.agent.driver.MachineCounters.BalloonCounters;
import io.drover.agent.driver.MachineCounters.DiskCounters;
import io.drover.agent.driver.MachineCounters.NicCounters;
import io.drover.agent.driver.MachineCounters.PortCounters;
import io.drover.agent.driver.MachineCounters.VsockCounters;
import io.drover.agent.driver.MachineCounters.WatchdogCounters;
import io.drover.proto.agent.v1.VmUsage;
import io.drover.vmm.client.VmmMemoryStatistics;
import java.time.Instant;

/** What a machine's devices have done, as controllers are told of it. */
final class DeviceUsage {
    private DeviceUsage() {}

    static void add(MachineCounters counters, VmUsage.Builder usage) {
        counters.disks().forEach(disk -> usage.addDisks(disk(disk)));
        counters.nics().forEach(nic -> usage.addNics(nic(nic)));
        counters.vsock().ifPresent(vsock -> usage.setVsock(vsock(vsock)));
        counters.consolePorts().forEach(port -> usage.addConsolePorts(port(port)));
        counters.balloon().ifPresent(balloon -> usage.setBalloon(balloon(balloon)));
        counters.watchdog().ifPresent(watchdog -> usage.setWatchdog(watchdog(watchdog)));
        counters.rngBytes().ifPresent(bytes -> usage.setRng(VmUsage.Rng.newBuilder().setBytes(bytes)));
    }

    private static VmUsage.Disk disk(DiskCounters disk) {
        return VmUsage.Disk.newBuilder().setName(disk.name()).setReads(disk.reads()).setReadBytes(disk.readBytes())
                .setWrites(disk.writes()).setWrittenBytes(disk.writtenBytes()).setFlushes(disk.flushes())
                .setDiscards(disk.discards()).setFailures(disk.failures()).build();
    }

    private static VmUsage.Nic nic(NicCounters nic) {
        return VmUsage.Nic.newBuilder().setName(nic.name()).setReceivedFrames(nic.receivedFrames())
                .setReceivedBytes(nic.receivedBytes()).setReceiveDrops(nic.receiveDrops())
                .setSentFrames(nic.sentFrames()).setSentBytes(nic.sentBytes()).setSendDrops(nic.sendDrops()).build();
    }

    private static VmUsage.Vsock vsock(VsockCounters vsock) {
        return VmUsage.Vsock.newBuilder().setOpen(vsock.open()).setFromHost(vsock.fromHost())
                .setFromGuest(vsock.fromGuest()).setRefused(vsock.refused()).setReceivedBytes(vsock.receivedBytes())
                .setSentBytes(vsock.sentBytes()).build();
    }

    private static VmUsage.ConsolePort port(PortCounters port) {
        return VmUsage.ConsolePort.newBuilder().setName(port.name()).setReceivedBytes(port.receivedBytes())
                .setSentBytes(port.sentBytes()).build();
    }

    private static VmUsage.Balloon balloon(BalloonCounters balloon) {
        VmUsage.Balloon.Builder told = VmUsage.Balloon.newBuilder().setTargetBytes(balloon.targetBytes())
                .setActualBytes(balloon.actualBytes());
        balloon.inflatedBytes().ifPresent(told::setInflatedBytes);
        balloon.reportedBytes().ifPresent(told::setReportedBytes);
        balloon.memory().ifPresent(memory -> told.setGuestMemory(memory(memory)));
        return told.build();
    }

    private static VmUsage.GuestMemory memory(VmmMemoryStatistics memory) {
        Instant at = memory.at();
        VmUsage.GuestMemory.Builder told = VmUsage.GuestMemory.newBuilder()
                .setTime(Timestamp.newBuilder().setSeconds(at.getEpochSecond()).setNanos(at.getNano()));
        memory.total().ifPresent(told::setTotalBytes);
        memory.free().ifPresent(told::setFreeBytes);
        memory.available().ifPresent(told::setAvailableBytes);
        memory.caches().ifPresent(told::setCacheBytes);
        memory.swappedIn().ifPresent(told::setSwappedInBytes);
        memory.swappedOut().ifPresent(told::setSwappedOutBytes);
        memory.majorFaults().ifPresent(told::setMajorFaults);
        memory.minorFaults().ifPresent(told::setMinorFaults);
        return told.build();
    }

    private static VmUsage.Watchdog watchdog(WatchdogCounters watchdog) {
        return VmUsage.Watchdog.newBuilder().setArmed(watchdog.armed()).setExpirations(watchdog.expirations()).build();
    }
}
