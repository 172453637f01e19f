package io.drover.controller;

import io.drover.controller.agent.AgentChannels;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.TlsAgentChannels;
import io.drover.controller.feed.TaskFeed;
import io.drover.controller.feed.VmFeed;
import io.drover.controller.file.FileCollector;
import io.drover.controller.file.FileStore;
import io.drover.controller.host.HostApi;
import io.drover.controller.host.HostOperations;
import io.drover.controller.cpumodel.CpuModelApi;
import io.drover.controller.cpumodel.CpuModelOperations;
import io.drover.controller.image.ImageApi;
import io.drover.controller.image.ImageOperations;
import io.drover.controller.leader.Leadership;
import io.drover.controller.migration.MigrationApi;
import io.drover.controller.migration.MigrationFeed;
import io.drover.controller.migration.MigrationStreams;
import io.drover.controller.placement.Placer;
import io.drover.controller.reconcile.FencedHosts;
import io.drover.controller.reconcile.Reconciler;
import io.drover.controller.server.ApiServer;
import io.drover.controller.server.ControllerMetrics;
import io.drover.controller.store.Store;
import io.drover.controller.stream.Calls;
import io.drover.controller.task.TaskApi;
import io.drover.controller.task.TaskSweeper;
import io.drover.controller.vm.VmApi;
import io.drover.controller.vm.VmOperations;
import io.drover.controller.vm.VmRelay;
import io.drover.controller.vm.VmStreams;
import io.drover.controller.vm.VmUsages;
import io.drover.controller.zookeeper.EmbeddedZooKeeper;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A controller that serves: everything put together, and taken apart in the opposite order. */
final class Controller implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Controller.class);
    private static final int SESSION_MILLIS = 10_000;
    private static final int CONNECT_MILLIS = 5_000;
    /** Some minutes of a busy cloud; a watcher that was away longer reads everything again. */
    private static final int EVENTS_KEPT = 16_384;
    private static final Duration SYNCED_EVERY = Duration.ofSeconds(30);
    private static final Duration SWEEP_EVERY = Duration.ofMinutes(1);
    private static final Duration COLLECT_EVERY = Duration.ofHours(1);

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private String apiAddress = "";
    private String zookeeperAddress = "";

    private Controller() {}

    /**
     * Serves when it returns; waits for ZooKeeper as long as it takes.
     *
     * @param onStoreFailure runs when the ZooKeeper inside can no longer write
     */
    static Controller start(ControllerConfig config, Runnable onStoreFailure) throws Exception {
        Controller controller = new Controller();
        try {
            controller.open(config, onStoreFailure);
            return controller;
        } catch (Exception e) {
            controller.close();
            throw e;
        }
    }

    private void open(ControllerConfig config, Runnable onStoreFailure) throws Exception {
        Clock clock = Clock.systemUTC();
        DataFolder data = part(DataFolder.open(config.data()));
        String id = config.id().isPresent() ? config.id().get() : data.id();
        FileStore files = data.files();
        zookeeperAddress = zookeeper(config, data, onStoreFailure);
        CuratorFramework client = part(CuratorFrameworkFactory.builder().connectString(zookeeperAddress)
                .sessionTimeoutMs(SESSION_MILLIS).connectionTimeoutMs(CONNECT_MILLIS)
                .retryPolicy(new ExponentialBackoffRetry(100, 5, 2_000)).build());
        client.start();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("timer").daemon().factory());
        part(timer::shutdownNow);

        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        part(registry::close);
        ControllerMetrics metrics = new ControllerMetrics(registry);
        Store store = new Store(client, clock);
        Leadership leadership = new Leadership(client, id);
        AgentChannels channels = config.tls().isPresent()
                ? new TlsAgentChannels(config.tls().get())
                : AgentChannels.plain();
        HostLinks links = part(new HostLinks(channels, clock));
        VmFeed vms = new VmFeed(store, links, EVENTS_KEPT);
        TaskFeed tasks = new TaskFeed(store);
        MigrationFeed migrations = new MigrationFeed();
        Placer placer = new Placer(store, links, config.policy(), leadership::leading, clock, timer);
        Reconciler reconciler = new Reconciler(store, links, placer, files, leadership::leading, clock, timer, metrics);
        FencedHosts fenced = new FencedHosts(store, leadership::leading, clock, timer);
        metrics.observe(store, links, leadership::leading);
        // In this order: who decides sees what those before it have made of a change.
        List.of(links, vms, tasks, migrations, metrics, placer, reconciler.absences(), reconciler, fenced)
                .forEach(store::addListener);
        List.of(vms, migrations, placer, reconciler).forEach(links::addListener);

        placer.start();
        part(placer);
        part(store);
        store.start();
        part(leadership);
        leadership.start(() -> {
            reconciler.begin();
            fenced.lookAtAll();
        });
        part(reconciler);
        part(fenced);
        TaskSweeper sweeper = new TaskSweeper(store, clock);
        every(timer, SWEEP_EVERY, () -> {
            if (leadership.leading()) {
                sweeper.sweep();
            }
        });
        every(timer, COLLECT_EVERY, new FileCollector(files, store)::collect);

        VmOperations operations = new VmOperations(store, clock);
        VmStreams streams = new VmStreams(vms, SYNCED_EVERY);
        VmRelay relay = new VmRelay(vms, links);
        MigrationStreams migrationStreams = new MigrationStreams(store, links, migrations);
        Calls calls = new Calls();
        ApiServer server = ApiServer.start(config.listen(), config.tls(),
                List.of(new VmApi(calls, vms, operations, streams, relay, new VmUsages(links), placer),
                        new MigrationApi(calls, store, links, migrations, migrationStreams, placer, operations, vms,
                                clock),
                        new TaskApi(calls, store, tasks, vms, operations::cancel),
                        new ImageApi(calls, new ImageOperations(store, files, clock), files),
                        new CpuModelApi(calls, new CpuModelOperations(store, clock)),
                        new HostApi(calls, store, links, vms, new HostOperations(store, clock))),
                streams, relay, migrationStreams, registry);
        part(server);
        part(calls);
        apiAddress = server.address();
        log.info("controller {} serves at {}, API reference at http{}://{}/docs/", id, apiAddress,
                config.tls().isPresent() ? "s" : "", apiAddress);
    }

    private String zookeeper(ControllerConfig config, DataFolder data, Runnable onFailure) throws Exception {
        Optional<String> ensemble = config.zookeeper();
        return ensemble.isPresent()
                ? ensemble.get()
                : part(EmbeddedZooKeeper.start(data.zookeeper(), config.zookeeperListen(), onFailure)).address();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the work logs its own failures
    private static void every(ScheduledExecutorService timer, Duration pause, Runnable work) {
        timer.scheduleWithFixedDelay(() -> {
            try {
                work.run();
            } catch (RuntimeException e) {
                log.error("work that is done from time to time failed", e);
            }
        }, pause.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
    }

    private <T extends AutoCloseable> T part(T part) {
        parts.push(part);
        return part;
    }

    /** host:port of the API. */
    String apiAddress() {
        return apiAddress;
    }

    /** The connect string of ZooKeeper. */
    String zookeeperAddress() {
        return zookeeperAddress;
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            AutoCloseable part = parts.pop();
            try {
                part.close();
            } catch (Exception e) {
                log.warn("{} could not be closed", part.getClass().getSimpleName(), e);
            }
        }
    }
}
