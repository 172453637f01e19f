package io.drover.agent;

import com.google.protobuf.Timestamp;
import io.drover.agent.cluster.ClusterAwayException;
import io.drover.agent.cluster.Heartbeat;
import io.drover.agent.cluster.Membership;
import io.drover.agent.cluster.Ownership;
import io.drover.agent.cluster.OwnershipWatch;
import io.drover.agent.cluster.RecordPaths;
import io.drover.agent.cluster.VmRecords;
import io.drover.agent.cgroup.Cgroups;
import io.drover.agent.confinement.Confinement;
import io.drover.agent.confinement.Confinements;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.MigratingDriver;
import io.drover.agent.driver.SavingDriver;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.driver.kvm.VmmProgram;
import io.drover.agent.files.FileStore;
import io.drover.agent.folder.FolderWatch;
import io.drover.agent.holding.ZooKeeperRecord;
import io.drover.agent.host.HostFacts;
import io.drover.agent.host.HostTopology;
import io.drover.agent.lease.Leases;
import io.drover.agent.metrics.MetricsServer;
import io.drover.agent.metrics.VmMetrics;
import io.drover.agent.migration.MigrationNetwork;
import io.drover.agent.migration.Migrations;
import io.drover.agent.net.HostNetworks;
import io.drover.agent.observe.ObservationBoard;
import io.drover.agent.server.AgentServer;
import io.drover.agent.share.HostShares;
import io.drover.agent.vm.HostVms;
import io.drover.agent.vm.StartStep;
import io.drover.proto.state.v1.CpuidLeaf;
import io.drover.proto.state.v1.HostRecord;
import io.drover.proto.state.v1.HostSession;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.vmm.client.HostClock;
import io.drover.vmm.client.VmmCpuidLeaf;
import io.drover.vmm.client.VmmSendOptions;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.curator.RetryPolicy;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.BoundedExponentialBackoffRetry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A whole agent, put together. Its VMs outlive it. */
final class Agent implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Agent.class);
    private static final int CONNECT_MILLIS = 5_000;
    /** How often it is looked whether bridges have come or gone. */
    private static final Duration NETWORKS_PERIOD = Duration.ofSeconds(5);

    private final AgentConfig config;
    private final StartStep.Witness witness;
    /** What is open, the last first. */
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private boolean closing;

    Agent(AgentConfig config, StartStep.Witness witness) {
        this.config = config;
        this.witness = witness;
    }

    /**
     * Where an agent serves.
     *
     * @param agent host:port that controllers are told
     * @param metrics host:port for Prometheus
     */
    record Addresses(String agent, Optional<String> metrics) {}

    /**
     * Starts. Returns when the host has joined the cluster and its VMs are decided on: as long as ZooKeeper is away,
     * that waits.
     *
     * @return where it serves
     * @throws IOException when it cannot start, or another live agent has this host's name; to be closed then, too
     */
    Addresses start() throws IOException, InterruptedException {
        DataFolder data = opened(DataFolder.take(config.data()));
        HostFacts facts = HostFacts.read();
        Path images = data.path().resolve("files");
        Confinement confinement = new Confinements(data.path(), VmmProgram.installed().files(),
                List.of(Files.createDirectories(images))).find(config.confinement());
        HostDrivers.Found found = HostDrivers.probe(config.drivers(), config.slowKvm(), config.qemu(),
                opened(new FolderWatch()),
                confinement);
        Map<String, Driver> drivers = found.drivers();
        drivers.values().forEach(driver -> log.info("host {}: driver {} is {}: {}", config.host(), driver.name(),
                HostDrivers.isUsable(driver) ? "usable" : "unusable", driver.status().message()));
        HostNetworks networks = HostNetworks.probe(data.path(), config.bridges());
        HostShares shares = new HostShares(HostTopology.read(), config.dedicatedCpus(),
                Cgroups.find(config.cgroup(), cgroupName(data.path())));
        HostCapacity capacity = HostCapacity.of(facts.cpus(), facts.memoryBytes(), config.reservedBytes(),
                config.overcommit(), shares.setAside());
        log.info("host {}: cgroups of VMs: {}", config.host(), shares.cgroups().message());

        CuratorFramework zookeeper = opened(connect());
        ScheduledExecutorService timer = timer();
        ObservationBoard board = new ObservationBoard();
        FileStore files = new FileStore(images, config.imageBytes(), InstantSource.system(),
                file -> board.stored(file.hex()));
        files.all().forEach(board::stored);
        OwnershipWatch watch = opened(new OwnershipWatch(zookeeper));
        VmRecords records = new VmRecords(zookeeper, config.host());
        Leases leases = new Leases(config.timing().lease(), vm -> isOurs(records, vm));
        HostVms vms = opened(new HostVms(
                new HostVms.Foundations(data.path().resolve("vms"), data.path().resolve("graveyard"), capacity,
                        drivers, files, networks, shares, records, watch, leases, migrations(zookeeper), board, timer,
                        witness)));
        vms.recover();

        AgentServer server = opened(AgentServer.start(config.listen(), config.tlsFolder(), vms, files, board));
        String address = config.advertise().orElse(hostAndPort(config.listen(), server.port()));
        Optional<String> metrics = serveMetrics(vms);
        Membership membership = opened(new Membership(zookeeper, config.host(),
                record(facts, capacity, found, networks.advertised(), shares), session(data, address),
                data.predecessor()));
        CompletableFuture<Void> joined = membership.join();
        opened(Heartbeat.start(zookeeper, config.host(), config.timing().session(), config.timing().beat(), leases,
                HostClock::bootNanos, heartbeatTimer()));
        awaitJoined(joined);
        ScheduledFuture<?> _ = timer.scheduleWithFixedDelay(
                () -> membership.advertise(record(facts, capacity, found, networks.advertised(), shares)),
                NETWORKS_PERIOD.toMillis(), NETWORKS_PERIOD.toMillis(), TimeUnit.MILLISECONDS);
        return new Addresses(address, metrics);
    }

    private Migrations migrations(CuratorFramework zookeeper) {
        String advertised = config.advertise().map(address -> address.substring(0, address.lastIndexOf(':')))
                .orElse(config.listen().getHostString());
        return new Migrations(config.host(),
                new MigrationNetwork(config.listen().getAddress(), config.migrationPorts(), advertised,
                        config.tlsFolder()),
                vm -> new ZooKeeperRecord(zookeeper, RecordPaths.vm(vm.name()), vm.uid()), () -> sessionOf(zookeeper));
    }

    private static long sessionOf(CuratorFramework zookeeper) {
        try {
            return zookeeper.getZookeeperClient().isConnected()
                    ? zookeeper.getZookeeperClient().getZooKeeper().getSessionId()
                    : Leases.NONE;
        } catch (Exception e) {
            // Curator declares Exception: there is none now.
            log.debug("no session", e);
            return Leases.NONE;
        }
    }

    private static boolean isOurs(VmRecords records, VmIdentity vm) throws IOException, InterruptedException {
        try {
            return records.ownership(vm.name(), vm.uid(), vm.epoch()) instanceof Ownership.Ours;
        } catch (ClusterAwayException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private Optional<String> serveMetrics(HostVms vms) throws IOException {
        if (config.metricsListen().isEmpty()) {
            return Optional.empty();
        }
        InetSocketAddress listen = config.metricsListen().get();
        MetricsServer server = opened(MetricsServer.start(listen, config.tlsFolder(), new VmMetrics(vms::usage)));
        return Optional.of(hostAndPort(listen, server.port()));
    }

    private static String hostAndPort(InetSocketAddress listen, int port) {
        return listen.getHostString() + ":" + port;
    }

    private CuratorFramework connect() {
        RetryPolicy retries = new BoundedExponentialBackoffRetry(100, 2_000, 4);
        CuratorFramework client = CuratorFrameworkFactory.builder().connectString(config.zookeeper())
                .sessionTimeoutMs((int) config.timing().session().toMillis()).connectionTimeoutMs(CONNECT_MILLIS)
                .retryPolicy(retries)
                .build();
        client.start();
        return client;
    }

    private ScheduledExecutorService timer() {
        ScheduledExecutorService timer = Executors
                .newSingleThreadScheduledExecutor(Thread.ofPlatform().name("timer").factory());
        opened(() -> timer.shutdownNow());
        return timer;
    }

    /** Of its own, so that nothing else keeps a beat waiting. */
    private ScheduledExecutorService heartbeatTimer() {
        ScheduledExecutorService timer = Executors
                .newSingleThreadScheduledExecutor(Thread.ofPlatform().name("heartbeat").factory());
        opened(() -> timer.shutdownNow());
        return timer;
    }

    private void awaitJoined(CompletableFuture<Void> joined) throws IOException, InterruptedException {
        while (true) {
            try {
                joined.get(10, TimeUnit.SECONDS);
                return;
            } catch (TimeoutException expected) {
                log.warn("host {}: still waiting to join by ZooKeeper at {}", config.host(), config.zookeeper());
            } catch (ExecutionException e) {
                throw new IOException(e.getCause().getMessage(), e.getCause());
            }
        }
    }

    private HostRecord record(HostFacts facts, HostCapacity capacity, HostDrivers.Found found, List<String> networks,
            HostShares shares) {
        HostRecord.Builder record = HostRecord.newBuilder().setFormat(1).putAllLabels(config.labels())
                .setArchitecture(facts.architecture()).setCpuModel(facts.cpuModel())
                .addAllCpuFeatures(facts.cpuFeatures())
                .setCpus(facts.cpus()).setMemoryBytes(facts.memoryBytes())
                .setAllocatableVcpus(Math.toIntExact(Math.min(capacity.vcpus(), Integer.MAX_VALUE)))
                .setAllocatableMemoryBytes(capacity.memoryBytes()).addAllNetworks(networks)
                .setResources(HostResourceFacts.of(shares))
                .setLease(HostRecord.Lease.newBuilder().setLeaseMillis(config.timing().lease().toMillis())
                        .setTakeoverWaitMillis(config.timing().takeoverWait().toMillis()));
        for (VmmCpuidLeaf leaf : found.cpu()) {
            record.addCpu(CpuidLeaf.newBuilder().setFunction(leaf.function()).setIndex(leaf.index())
                    .setEax(leaf.eax()).setEbx(leaf.ebx()).setEcx(leaf.ecx()).setEdx(leaf.edx()));
        }
        for (Driver driver : found.drivers().values()) {
            if (driver instanceof MigratingDriver && HostDrivers.isUsable(driver)) {
                record.getMigrationsBuilder().setProtocol(VmmSendOptions.PROTOCOL).setMirrorsDisks(true)
                        .addDrivers(driver.name());
            }
            record.addDrivers(
                    HostRecord.Driver.newBuilder().setName(driver.name()).setUsable(HostDrivers.isUsable(driver))
                            .setMessage(driver.status().message()).setSaves(driver instanceof SavingDriver));
        }
        return record.build();
    }

    /** Another for each agent of a host, and the same each time. */
    private static String cgroupName(Path data) {
        return "drover-" + Integer.toHexString(data.toString().hashCode());
    }

    private static HostSession session(DataFolder data, String address) {
        Instant now = Instant.now();
        return HostSession.newBuilder().setFormat(1).setAddress(address).setIncarnation(data.incarnation())
                .setStartTime(Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()))
                .setVersion(version())
                .build();
    }

    private static String version() {
        return Optional.ofNullable(Agent.class.getPackage().getImplementationVersion()).orElse("development");
    }

    /** Returns when the agent has been closed. */
    void awaitClosed() throws InterruptedException {
        closed.await();
    }

    private synchronized <T extends AutoCloseable> T opened(T resource) {
        open.push(resource);
        return resource;
    }

    /** Ends the agent; its VMs run on. The host leaves the cluster at once, as its session is closed in order. */
    @Override
    public void close() {
        Deque<AutoCloseable> closed;
        synchronized (this) {
            if (closing) {
                return;
            }
            closing = true;
            closed = new ArrayDeque<>(open);
        }
        for (AutoCloseable resource : closed) {
            try {
                resource.close();
            } catch (Exception e) {
                // The others are to be closed, whatever this one says.
                log.warn("{} did not close in order", resource.getClass().getSimpleName(), e);
            }
        }
        this.closed.countDown();
    }
}
