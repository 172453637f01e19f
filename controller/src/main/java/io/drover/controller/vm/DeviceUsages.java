package io.drover.controller.vm;

import io.drover.proto.v1.VmBalloonUsage;
import io.drover.proto.v1.VmConsolePortUsage;
import io.drover.proto.v1.VmDiskUsage;
import io.drover.proto.v1.VmGuestMemory;
import io.drover.proto.v1.VmNicUsage;
import io.drover.proto.v1.VmRngUsage;
import io.drover.proto.v1.VmUsage;
import io.drover.proto.v1.VmVsockUsage;
import io.drover.proto.v1.VmWatchdogUsage;

/** What a host tells of a VM's devices, as the API says it. What the host does not tell stays unset. */
final class DeviceUsages {
    private DeviceUsages() {}

    static void add(io.drover.proto.agent.v1.VmUsage told, VmUsage.Builder usage) {
        told.getDisksList().forEach(disk -> usage.addDisks(disk(disk)));
        told.getNicsList().forEach(nic -> usage.addNics(nic(nic)));
        told.getConsolePortsList().forEach(port -> usage.addConsolePorts(VmConsolePortUsage.newBuilder()
                .setName(port.getName()).setReceivedBytes(port.getReceivedBytes()).setSentBytes(port.getSentBytes())));
        if (told.hasVsock()) {
            usage.setVsock(vsock(told.getVsock()));
        }
        if (told.hasBalloon()) {
            usage.setBalloon(balloon(told.getBalloon()));
        }
        if (told.hasWatchdog()) {
            usage.setWatchdog(VmWatchdogUsage.newBuilder().setArmed(told.getWatchdog().getArmed())
                    .setExpirations(told.getWatchdog().getExpirations()));
        }
        if (told.hasRng()) {
            usage.setRng(VmRngUsage.newBuilder().setBytes(told.getRng().getBytes()));
        }
    }

    private static VmDiskUsage disk(io.drover.proto.agent.v1.VmUsage.Disk disk) {
        return VmDiskUsage.newBuilder().setName(disk.getName()).setReads(disk.getReads())
                .setReadBytes(disk.getReadBytes()).setWrites(disk.getWrites()).setWrittenBytes(disk.getWrittenBytes())
                .setFlushes(disk.getFlushes()).setDiscards(disk.getDiscards()).setFailures(disk.getFailures()).build();
    }

    private static VmNicUsage nic(io.drover.proto.agent.v1.VmUsage.Nic nic) {
        return VmNicUsage.newBuilder().setName(nic.getName()).setReceivedFrames(nic.getReceivedFrames())
                .setReceivedBytes(nic.getReceivedBytes()).setReceiveDrops(nic.getReceiveDrops())
                .setSentFrames(nic.getSentFrames()).setSentBytes(nic.getSentBytes()).setSendDrops(nic.getSendDrops())
                .build();
    }

    private static VmVsockUsage vsock(io.drover.proto.agent.v1.VmUsage.Vsock vsock) {
        return VmVsockUsage.newBuilder().setOpen(vsock.getOpen()).setFromHost(vsock.getFromHost())
                .setFromGuest(vsock.getFromGuest()).setRefused(vsock.getRefused())
                .setReceivedBytes(vsock.getReceivedBytes()).setSentBytes(vsock.getSentBytes()).build();
    }

    private static VmBalloonUsage balloon(io.drover.proto.agent.v1.VmUsage.Balloon balloon) {
        VmBalloonUsage.Builder usage = VmBalloonUsage.newBuilder().setTargetBytes(balloon.getTargetBytes())
                .setActualBytes(balloon.getActualBytes());
        if (balloon.hasInflatedBytes()) {
            usage.setInflatedBytes(balloon.getInflatedBytes());
        }
        if (balloon.hasReportedBytes()) {
            usage.setReportedBytes(balloon.getReportedBytes());
        }
        if (balloon.hasGuestMemory()) {
            usage.setGuestMemory(memory(balloon.getGuestMemory()));
        }
        return usage.build();
    }

    private static VmGuestMemory memory(io.drover.proto.agent.v1.VmUsage.GuestMemory told) {
        VmGuestMemory.Builder memory = VmGuestMemory.newBuilder().setTime(told.getTime());
        if (told.hasTotalBytes()) {
            memory.setTotalBytes(told.getTotalBytes());
        }
        if (told.hasFreeBytes()) {
            memory.setFreeBytes(told.getFreeBytes());
        }
        if (told.hasAvailableBytes()) {
            memory.setAvailableBytes(told.getAvailableBytes());
        }
        if (told.hasCacheBytes()) {
            memory.setCacheBytes(told.getCacheBytes());
        }
        if (told.hasSwappedInBytes()) {
            memory.setSwappedInBytes(told.getSwappedInBytes());
        }
        if (told.hasSwappedOutBytes()) {
            memory.setSwappedOutBytes(told.getSwappedOutBytes());
        }
        if (told.hasMajorFaults()) {
            memory.setMajorFaults(told.getMajorFaults());
        }
        if (told.hasMinorFaults()) {
            memory.setMinorFaults(told.getMinorFaults());
        }
        return memory.build();
    }
}
