package io.drover.controller.store;

import com.google.protobuf.InvalidProtocolBufferException;
import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostLease;
import io.drover.controller.record.HostMigrations;
import io.drover.controller.record.HostResources;
import io.drover.controller.record.HostSession;
import io.drover.proto.state.v1.HostRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Hosts and their sessions as they are in ZooKeeper; their names are in the paths. */
final class HostCodec {
    private HostCodec() {}

    static byte[] encode(Host host) {
        HostRecord.Builder record = HostRecord.newBuilder().setFormat(Layout.FORMAT).putAllLabels(host.labels())
                .setArchitecture(host.architecture()).setCpuModel(host.cpuModel()).addAllCpuFeatures(host.cpuFeatures())
                .setCpus(host.cpus()).setMemoryBytes(host.memoryBytes()).setAllocatableVcpus(host.allocatableVcpus())
                .setAllocatableMemoryBytes(host.allocatableMemoryBytes()).setCordoned(host.cordoned())
                .setFenced(host.fenced()).setReturns(host.returns()).addAllNetworks(host.networks());
        host.lease().ifPresent(lease -> record.setLease(HostRecord.Lease.newBuilder()
                .setLeaseMillis(lease.length().toMillis())
                .setTakeoverWaitMillis(lease.takeoverWait().toMillis())));
        for (Host.Driver driver : host.drivers()) {
            record.addDrivers(HostRecord.Driver.newBuilder().setName(driver.name()).setUsable(driver.usable())
                    .setMessage(driver.message()).setSaves(driver.saves()));
        }
        if (!host.resources().equals(HostResources.NONE)) {
            record.setResources(ResourcesCodec.encode(host.resources()));
        }
        host.migrations().ifPresent(can -> record.setMigrations(HostRecord.Migrations.newBuilder()
                .setProtocol(can.protocol()).setOldestProtocol(can.oldestProtocol())
                .setMirrorsDisks(can.mirrorsDisks()).addAllDrivers(can.drivers())));
        host.cpu().ifPresent(cpu -> record.addAllCpu(CpuCodec.encode(cpu)));
        return record.build().toByteArray();
    }

    static Host decode(HostId id, byte[] bytes) throws UnreadableRecordException {
        try {
            HostRecord record = HostRecord.parseFrom(bytes);
            Layout.requireFormat(record.getFormat());
            List<Host.Driver> drivers = record.getDriversList().stream()
                    .map(driver -> new Host.Driver(driver.getName(), driver.getUsable(), driver.getMessage(),
                            driver.getSaves()))
                    .toList();
            return new Host(id, record.getLabelsMap(), record.getArchitecture(), record.getCpuModel(),
                    record.getCpuFeaturesList(), record.getCpus(), record.getMemoryBytes(),
                    record.getAllocatableVcpus(),
                    record.getAllocatableMemoryBytes(), drivers, record.getCordoned(), record.getFenced(),
                    record.getNetworksList(), CpuCodec.decode(record.getCpuList()),
                    ResourcesCodec.decode(record.getResources()),
                    record.hasLease() ? Optional.of(new HostLease(Duration.ofMillis(record.getLease().getLeaseMillis()),
                            Duration.ofMillis(record.getLease().getTakeoverWaitMillis()))) : Optional.empty(),
                    record.getReturns(), migrations(record));
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new UnreadableRecordException("host record : " + bytes.length + " bytes (expected: a HostRecord)", e);
        }
    }

    private static Optional<HostMigrations> migrations(HostRecord record) {
        HostRecord.Migrations can = record.getMigrations();
        return record.hasMigrations() ? Optional.of(new HostMigrations(can.getProtocol(), can.getOldestProtocol(),
                can.getMirrorsDisks(), can.getDriversList())) : Optional.empty();
    }

    static HostSession decodeSession(HostId id, byte[] bytes) throws UnreadableRecordException {
        try {
            io.drover.proto.state.v1.HostSession record = io.drover.proto.state.v1.HostSession.parseFrom(bytes);
            Layout.requireFormat(record.getFormat());
            return new HostSession(id, record.getAddress(), record.getIncarnation(),
                    Timestamps.read(record.getStartTime()),
                    record.getVersion());
        } catch (InvalidProtocolBufferException e) {
            throw new UnreadableRecordException("host session : " + bytes.length + " bytes (expected: a HostSession)",
                    e);
        }
    }
}
