package io.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.drover.proto.v1.ListVmUsageRequest;
import io.drover.proto.v1.ListVmUsageResponse;
import io.drover.proto.v1.VmBalloonUsage;
import io.drover.proto.v1.VmDiskUsage;
import io.drover.proto.v1.VmNicUsage;
import io.drover.proto.v1.VmUsage;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code drover vm top}: rates are between samples, so only counters and times of the samples matter, not when they come. */
@Timeout(60)
class TopTest {
    private FakeController controller;

    @BeforeEach
    void start() throws IOException {
        controller = new FakeController();
    }

    @AfterEach
    void stop() {
        controller.close();
    }

    /** A VM of 2 vCPUs at a second of its host's clock. */
    private static VmUsage usage(String vm, String run, long second, double cpuSeconds, long count) {
        return VmUsage.newBuilder().setVm("vms/" + vm).setUid("uid-" + vm).setHost("hosts/h1").setRun(run)
                .setSampleTime(Timestamp.newBuilder().setSeconds(second)).setVcpus(2).setMemoryBytes(1L << 30)
                .setCpuTime(Duration.newBuilder().setSeconds((long) cpuSeconds)
                        .setNanos((int) ((cpuSeconds - (long) cpuSeconds) * 1e9)))
                .setResidentMemoryBytes(300L << 20)
                .addDisks(VmDiskUsage.newBuilder().setName("root").setReads(count).setReadBytes(count << 10)
                        .setWrites(2 * count).setWrittenBytes(count << 20))
                .build();
    }

    /** Two nics, each of which has received so much, and sent half of it. */
    private static VmUsage withNics(VmUsage usage, long bytes) {
        return usage.toBuilder()
                .addNics(VmNicUsage.newBuilder().setName("net0").setReceivedBytes(bytes).setSentBytes(bytes / 2))
                .addNics(VmNicUsage.newBuilder().setName("net1").setReceivedBytes(bytes).setSentBytes(bytes / 2))
                .build();
    }

    private static ListVmUsageResponse sample(VmUsage... usages) {
        ListVmUsageResponse.Builder sample = ListVmUsageResponse.newBuilder();
        for (VmUsage usage : usages) {
            sample.addUsages(usage);
        }
        return sample.build();
    }

    @Test
    void busiestIsFirstAndWhatHasBegunAnewHasNoRates() {
        controller.usages
                .add(sample(usage("idle", "1-1", 100, 5, 0), withNics(usage("busy", "2-2", 200, 7, 10), 1 << 10),
                        usage("again", "3-3", 100, 90, 80)));
        controller.usages.add(sample(usage("again", "4-4", 104, 0.5, 3), usage("idle", "1-1", 104, 5, 0),
                withNics(usage("busy", "2-2", 204, 14.5, 50), 3 << 10)));
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "top", "--count", "1", "--interval", "1s")).isZero();
        assertThat(run.out()).isEqualTo(
                """
                        NAME   HOST  VCPUS  CPU   MEMORY  RESIDENT  READ/S  READS/S  WRITE/S  WRITES/S  RX/S   TX/S
                        busy   h1    2      188%  1 GiB   300 MiB   10 KiB  10       10 MiB   20        1 KiB  512 B
                        again  h1    2      -     1 GiB   300 MiB   -       -        -        -         -      -
                        idle   h1    2      0%    1 GiB   300 MiB   0 B     0        0 B      0         -      -
                        """);
        assertThat(run.err()).isEmpty();
    }

    @Test
    void linesAreOrderedAsAskedAndFilteredByTheController() {
        controller.usages.add(sample(usage("b", "1-1", 100, 5, 0), usage("a", "2-2", 100, 5, 0)));
        controller.usages.add(sample(usage("b", "1-1", 101, 6, 0), usage("a", "2-2", 101, 5, 9)));
        CommandRun run = CommandRun.against(controller);
        run.run("vm", "top", "--count", "1", "--interval", "1s", "--sort", "write", "--filter", "host = hosts/h1");
        assertThat(run.out().lines().skip(1).map(line -> line.substring(0, 1))).containsExactly("a", "b");
        assertThat(controller.requests).allMatch(request -> request instanceof ListVmUsageRequest list
                && list.getFilter().equals("host = hosts/h1"));
    }

    @Test
    void nicsOrderLinesToo() {
        controller.usages
                .add(sample(withNics(usage("a", "1-1", 100, 5, 0), 0), withNics(usage("b", "2-2", 100, 5, 0), 0)));
        controller.usages
                .add(sample(withNics(usage("a", "1-1", 101, 9, 0), 10), withNics(usage("b", "2-2", 101, 5, 0), 90)));
        CommandRun run = CommandRun.against(controller);
        run.run("vm", "top", "--count", "1", "--interval", "1s", "--sort", "tx");
        assertThat(run.out().lines().skip(1).map(line -> line.substring(0, 1))).containsExactly("b", "a");
    }

    @Test
    void hostsThatDoNotAnswerAreNamedOnce() {
        controller.usages.add(sample());
        controller.usages.add(sample(usage("a", "1-1", 100, 5, 0)).toBuilder().addUnreachable("hosts/h2")
                .setNextPageToken("more").build());
        controller.usages.add(sample(usage("b", "1-1", 100, 5, 0)).toBuilder().addUnreachable("hosts/h2").build());
        CommandRun run = CommandRun.against(controller);
        run.run("vm", "top", "--count", "1", "--interval", "1s");
        assertThat(run.out().lines().skip(1).map(line -> line.substring(0, 1))).containsExactly("a", "b");
        assertThat(run.err()).isEqualTo("no answer from h2: their VMs are not shown\n");
    }

    @Test
    void programsGetTheAnswerOfTheApiAtOnce() {
        controller.usages.add(sample(withNics(usage("a", "1-1", 100, 5, 3), 1 << 20).toBuilder()
                .setBalloon(VmBalloonUsage.newBuilder().setTargetBytes(7).setReportedBytes(0)).build()));
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "top", "--count", "1", "-o", "json")).isZero();
        assertThat(run.out().lines()).hasSize(1);
        assertThat(run.out()).startsWith("{\"usages\":[{\"vm\":\"vms/a\"").contains("\"cpuTime\":\"5s\"",
                "{\"name\":\"net1\",\"receivedBytes\":\"1048576\"", "\"reportedBytes\":\"0\"")
                .doesNotContain("inflatedBytes", "vsock", "watchdog", "rng");
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "top", "--interval", "0s")).isEqualTo(1);
        assertThat(run.run("vm", "top", "--count", "0")).isEqualTo(1);
        assertThat(run.err()).contains("at least 1s").contains("--count is 0");
    }

    @Test
    void onATerminalTheScreenIsDrawnAnew() {
        controller.usages.add(sample());
        controller.usages.add(sample(usage("a", "1-1", 100, 5, 0)));
        CommandRun run = CommandRun.against(controller).onTerminal();
        run.run("vm", "top", "--count", "1", "--interval", "1s");
        assertThat(run.out()).startsWith("\033[2J\033[H");
    }
}
