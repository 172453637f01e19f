package io.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.Durations;
import com.google.rpc.Code;
import io.drover.proto.v1.CancelMigrationRequest;
import io.drover.proto.v1.ListMigrationsRequest;
import io.drover.proto.v1.MigrateVmRequest;
import io.drover.proto.v1.Migration;
import io.drover.proto.v1.MigrationDowntime;
import io.drover.proto.v1.MigrationOptions;
import io.drover.proto.v1.MigrationProgress;
import io.drover.proto.v1.MigrationReport;
import io.drover.proto.v1.WatchMigrationRequest;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class MigrationCommandsTest {
    private static final Migration PREPARING = Migration.newBuilder().setName("migrations/m-1").setVm("vms/web-1")
            .setSource("hosts/h1").setDestination("hosts/h2").setState(Migration.State.PREPARING).setTask("tasks/t-1")
            .setStartTime(FakeController.THEN).setOptions(MigrationOptions.newBuilder()
                    .setDowntime(Durations.fromMillis(300)).setStreams(4).setTimeout(Durations.fromSeconds(1800))
                    .setPolicy(MigrationOptions.Policy.GIVE_UP))
            .build();
    private static final Migration COPYING = PREPARING.toBuilder().setState(Migration.State.COPYING)
            .setProgress(MigrationProgress.newBuilder().setPasses(2).setRemainingBytes(512L << 20)
                    .setTotalBytes(2L << 30).setBytesPerSecond(110L << 20).setDirtyBytesPerSecond(10L << 20)
                    .setPredictedDowntime(Durations.fromMillis(120)).setThrottlePercent(20)
                    .setLeft(Durations.fromSeconds(5)))
            .build();
    private static final Migration DONE = PREPARING.toBuilder().setState(Migration.State.SUCCEEDED)
            .setReport(MigrationReport.newBuilder().setTotalTime(Durations.fromSeconds(12)).setSentBytes(5L << 30)
                    .setPasses(3).setDowntime(MigrationDowntime.newBuilder().setTotal(Durations.fromMillis(50))
                            .setPausing(Durations.fromMillis(42)).setLastPages(Durations.fromMillis(20))
                            .setSaving(Durations.fromMicros(5250)).setLoading(Durations.fromMillis(9))
                            .setCommit(Durations.fromMillis(7)).setResuming(Durations.fromMillis(1))))
            .build();
    private static final String REPORT = "took 12s; 5 GiB sent in 3 passes; stood still for 50 ms (pausing 42 ms, in which "
            + "last pages 20 ms, saving 5.25 ms, loading 9 ms; commit 7 ms; resuming 1 ms)";

    private FakeController controller;

    @BeforeEach
    void start() throws IOException {
        controller = TestCluster.withVmsAndHosts();
        controller.migrations.put(PREPARING.getName(), PREPARING);
        controller.course.add(PREPARING);
        controller.course.add(COPYING);
        controller.course.add(DONE);
    }

    @AfterEach
    void stop() {
        controller.close();
    }

    @Test
    void migrateSendsAllThatWasSaidAndReportsTheEnd() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "migrate", "web-1", "--to", "h2", "--downtime", "250ms", "--bandwidth", "100M",
                "--streams", "4", "--compression", "lz4", "--policy", "give-up", "--timeout", "30m")).as(run.err())
                .isZero();
        MigrateVmRequest request = controller.request(MigrateVmRequest.class);
        assertThat(request.getName()).isEqualTo("vms/web-1");
        assertThat(request.getDestination()).isEqualTo("hosts/h2");
        assertThat(request.getRequestId()).isNotEmpty();
        assertThat(request.getOptions()).isEqualTo(MigrationOptions.newBuilder()
                .setDowntime(Durations.fromMillis(250)).setBandwidthBytesPerSecond(100L << 20).setStreams(4)
                .setPolicy(MigrationOptions.Policy.GIVE_UP).setCompression(MigrationOptions.Compression.LZ4)
                .setTimeout(Durations.fromSeconds(1800)).build());
        assertThat(controller.request(ListMigrationsRequest.class).getFilter()).isEqualTo("vm = \"vms/web-1\"");
        assertThat(controller.request(WatchMigrationRequest.class).getName()).isEqualTo("migrations/m-1");
        assertThat(run.out()).isEqualTo("moved web-1 from h1 to h2: " + REPORT + "\n");
        assertThat(run.err()).isEqualTo(
                """
                        web-1: PREPARING
                        web-1: COPYING: pass 2, 512 MiB left of 2 GiB, 110 MiB/s, written 10 MiB/s, held back 20%, would stand \
                        still 120 ms, ready in 5s
                        web-1: SUCCEEDED
                        """);
    }

    @Test
    void onATerminalOneLineChanges() {
        CommandRun run = CommandRun.against(controller).onTerminal();
        assertThat(run.run("vm", "migrate", "web-1")).isZero();
        assertThat(run.err()).contains("web-1: COPYING: pass 2").endsWith("\r\033[K").doesNotContain("\n");
        assertThat(controller.request(MigrateVmRequest.class).getDestination()).isEmpty();
    }

    @Test
    void dryRunSaysWhereToOrEveryReasonWhyNot() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "migrate", "web-1", "--dry-run")).isZero();
        assertThat(run.out()).isEqualTo("would move vms/web-1 from hosts/h1 to hosts/h2\n");
        controller.fail("MigrateVm", Code.FAILED_PRECONDITION, "CANNOT_MIGRATE",
                "vms/web-1 cannot be moved: host h2 is cordoned; host h2 lacks 1 vCPU", Map.of());
        CommandRun refused = CommandRun.against(controller);
        assertThat(refused.run("vm", "migrate", "web-1", "--to", "h2", "--dry-run")).isEqualTo(3);
        assertThat(refused.err()).contains("host h2 is cordoned; host h2 lacks 1 vCPU");
        controller.fail("MigrateVm", Code.FAILED_PRECONDITION, "NO_HOST_FITS", "none of 2 hosts fits", Map.of());
        assertThat(CommandRun.against(controller).run("vm", "migrate", "web-1")).isEqualTo(2);
    }

    @Test
    void detachedItSaysHowToGoOn() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "migrate", "web-1", "--detach")).isZero();
        assertThat(run.out())
                .isEqualTo("migration m-1 to h2 is under way (follow it with `drover migration watch m-1`, end it "
                        + "with `drover migration cancel m-1`)\n");
    }

    @Test
    void oneThatFailsSaysWhyAndThatTheGuestGoesOn() {
        controller.course.remove(DONE);
        controller.course.add(COPYING.toBuilder().setState(Migration.State.FAILED).setFailure("NOT_CONVERGED")
                .setMessage("it writes faster than its memory can be sent").build());
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "migrate", "web-1", "-o", "json")).isEqualTo(1);
        assertThat(run.err()).contains("VM web-1 was not moved to h2", "it writes faster", "it goes on where it was",
                "NOT_CONVERGED");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void listGetWatchAndCancel() {
        controller.migrations.put(DONE.getName(), DONE);
        CommandRun list = CommandRun.against(controller);
        assertThat(list.run("migration", "list", "--filter", "state = SUCCEEDED")).isZero();
        assertThat(list.out()).contains("NAME", "DOWNTIME")
                .containsPattern("m-1 +web-1 +h1 +h2 +SUCCEEDED +24h +50 ms");
        CommandRun get = CommandRun.against(controller);
        assertThat(get.run("migration", "get", "m-1")).isZero();
        assertThat(get.out()).contains("stood still for 50 ms", "downtime 300 ms, streams 4, give-up, timeout 30m");
        CommandRun watch = CommandRun.against(controller);
        assertThat(watch.run("migration", "watch", "m-1", "-o", "json")).isZero();
        assertThat(watch.out().lines()).hasSize(3).last().asString().contains("\"SUCCEEDED\"");
        CommandRun people = CommandRun.against(controller);
        assertThat(people.run("migration", "watch", "m-1")).isZero();
        assertThat(people.out()).isEqualTo("moved web-1 from h1 to h2: " + REPORT + "\n");
        controller.migrations.put(COPYING.getName(), COPYING);
        CommandRun cancel = CommandRun.against(controller);
        assertThat(cancel.run("migration", "cancel", "m-1")).isZero();
        assertThat(cancel.out()).isEqualTo("migration m-1: COPYING, asked to end\n");
        assertThat(controller.request(CancelMigrationRequest.class).getName()).isEqualTo("migrations/m-1");
        assertThat(CommandRun.against(controller).run("migration", "get", "m-2")).isEqualTo(4);
    }

    @Test
    void aPolicyThatThereIsNotIsNamed() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "migrate", "web-1", "--policy", "hope")).isEqualTo(1);
        assertThat(run.err()).contains("'hope' (expected: stop-and-copy or give-up)");
        CommandRun other = CommandRun.against(controller);
        assertThat(other.run("vm", "migrate", "web-1", "--compression", "rar")).isEqualTo(1);
        assertThat(other.err()).contains("'rar' (expected: none or lz4)");
    }
}
