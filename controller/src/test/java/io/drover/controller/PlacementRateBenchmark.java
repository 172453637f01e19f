package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.v1.ListVmsRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How many VMs a second go from CreateVm to RUNNING, with hosts that answer at once, beside what the same ZooKeeper does with
 * nothing but the writes. Run by the command in docs/performance.md.
 */
final class PlacementRateBenchmark {
    private static final int HOSTS = 20;
    private static final int WARM_UP = 500;
    private static final int MEASURED = 2_000;
    private static final int CLIENTS = 32;
    /** A VM's record and its task's, as they are in this run. */
    private static final int VM_BYTES = 340;
    private static final int TASK_BYTES = 210;

    @TempDir
    private Path data;

    @Test
    void placementsASecondAndTheShareOfZooKeeper() throws Exception {
        List<FakeAgent> hosts = new ArrayList<>();
        try (Cloud cloud = Cloud.start(data)) {
            cloud.image("debian");
            for (int i = 0; i < HOSTS; i++) {
                hosts.add(new FakeAgent("h" + i, cloud.zookeeper(), 1_000, 1L << 42, false).start());
            }
            create(cloud, "warm", WARM_UP);
            plain(cloud.zookeeper(), "/warm", WARM_UP);
            double placements = MEASURED / create(cloud, "vm", MEASURED);
            double writes = MEASURED / plain(cloud.zookeeper(), "/plain", MEASURED);
            System.out.printf(Locale.ROOT,
                    "placements/s end to end: %.0f; the same records in plain ZooKeeper: %.0f/s; ratio %.2f%n",
                    placements, writes, placements / writes);
            assertThat(placements).isPositive();
        } finally {
            hosts.forEach(FakeAgent::close);
        }
    }

    /** In seconds. */
    private static double create(Cloud cloud, String prefix, int count) throws Exception {
        long begin = System.nanoTime();
        try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            List<Callable<Object>> calls = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                String name = prefix + "-" + i;
                calls.add(() -> cloud.vms().createVm(Cloud.creation(name)));
            }
            for (Future<Object> call : clients.invokeAll(calls)) {
                call.get();
            }
        }
        String filter = "state = RUNNING AND name : \"vms/" + prefix + "-\"";
        Eventually.get(
                () -> cloud.vms().listVms(ListVmsRequest.newBuilder().setPageSize(1).setFilter(filter).build())
                        .getTotalSize(),
                running -> running == count);
        return (System.nanoTime() - begin) / 1e9;
    }

    /** For each VM what its placement writes: two records made, the VM's changed twice, the task's once. In seconds. */
    @SuppressWarnings("try") // close() may be interrupted; nothing is lost here
    private static double plain(String connect, String root, int count) throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        try (ZooKeeper client = new ZooKeeper(connect, 10_000, event -> connected.countDown())) {
            assertThat(connected.await(10, TimeUnit.SECONDS)).isTrue();
            client.create(root, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            Semaphore room = new Semaphore(CLIENTS * 5);
            CountDownLatch done = new CountDownLatch(count * 5);
            long begin = System.nanoTime();
            for (int i = 0; i < count; i++) {
                String vm = root + "/vm-" + i;
                String task = root + "/task-" + i;
                room.acquire(5);
                client.create(vm, new byte[VM_BYTES], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT,
                        (code, path, context, name) -> done(room, done), null);
                client.create(task, new byte[TASK_BYTES], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT,
                        (code, path, context, name) -> done(room, done), null);
                client.setData(vm, new byte[VM_BYTES], -1, (code, path, context, stat) -> done(room, done), null);
                client.setData(vm, new byte[VM_BYTES], -1, (code, path, context, stat) -> done(room, done), null);
                client.setData(task, new byte[TASK_BYTES], -1, (code, path, context, stat) -> done(room, done), null);
            }
            assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
            return (System.nanoTime() - begin) / 1e9;
        }
    }

    private static void done(Semaphore room, CountDownLatch done) {
        room.release();
        done.countDown();
    }
}
