package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.VmState;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The controller as a process: killed with tasks under way, told to end, started wrongly. */
final class ControllerProcessTest {
    @TempDir
    private Path folder;
    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void end() throws Exception {
        for (Process process : processes) {
            process.destroyForcibly();
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    private Process spawn(String... options) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
                        "-XX:TieredStopAtLevel=1", "-cp",
                        System.getProperty("java.class.path"), "io.drover.controller.Main"));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(new File(folder.toFile(), "log"))).start();
        processes.add(process);
        return process;
    }

    /** Spawned, and serving. */
    private record Running(Process process, String api, String zookeeper) {
        ZooKeeperAwayTest.Client client() {
            return new ZooKeeperAwayTest.Client(api);
        }

        void kill() throws InterruptedException {
            process.destroyForcibly();
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    private Running serve(int zookeeperPort) throws Exception {
        Path ready = folder.resolve("ready");
        Files.deleteIfExists(ready);
        Process process = spawn("--listen", "127.0.0.1:0", "--data", folder.resolve("data").toString(),
                "--zookeeper-listen",
                "127.0.0.1:" + zookeeperPort, "--ready-file", ready.toString());
        Eventually.get(() -> Files.exists(ready) || !process.isAlive(), done -> done);
        assertThat(process.isAlive()).as(() -> log()).isTrue();
        Properties lines = new Properties();
        try (var in = Files.newInputStream(ready)) {
            lines.load(in);
        }
        assertThat(lines.getProperty("pid")).isEqualTo(Long.toString(process.pid()));
        return new Running(process, lines.getProperty("api"), lines.getProperty("zookeeper"));
    }

    private String log() {
        try {
            return Files.readString(folder.resolve("log"), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    @Test
    void killedWithAStartAndAStopUnderWayItGoesOnWithBoth() throws Exception {
        Running first = serve(0);
        try (FakeAgent host = new FakeAgent("h1", first.zookeeper(), 8, 4096 * Cloud.MIB).start()) {
            Task start;
            Task stop;
            try (ZooKeeperAwayTest.Client client = first.client()) {
                client.image();
                assertThat(client.end(client.vms().createVm(Cloud.creation("stops"))).getState())
                        .isEqualTo(Task.State.SUCCEEDED);
                host.startsHang(true);
                host.stopsAreSlow(true);
                start = client.vms().createVm(Cloud.creation("starts"));
                stop = client.vms().stopVm(StopVmRequest.newBuilder().setName("vms/stops").build());
                Eventually.get(host::calls,
                        calls -> calls.contains("start starts 1") && calls.contains("stop stops 1"));
                first.kill();
            }
            assertThat(host.running()).as("guests do not notice").hasSize(2);
            host.startsHang(false);
            Running second = serve(port(first.zookeeper()));
            try (ZooKeeperAwayTest.Client client = second.client()) {
                assertThat(client.end(start).getState()).isEqualTo(Task.State.SUCCEEDED);
                host.end("stops", io.drover.proto.agent.v1.Exit.Cause.STOPPED, "obeyed");
                assertThat(client.end(stop).getState()).isEqualTo(Task.State.SUCCEEDED);
                assertThat(client.vms().getVm(GetVmRequest.newBuilder().setName("vms/starts").build()).getEpoch())
                        .isEqualTo(1);
            }
        }
    }

    @Test
    void killedWhileAVmWaitsForAHostItPlacesItLater() throws Exception {
        Running first = serve(0);
        Task waits;
        try (ZooKeeperAwayTest.Client client = first.client()) {
            client.image();
            waits = client.vms().createVm(Cloud.creation("waits"));
            first.kill();
        }
        Running second = serve(port(first.zookeeper()));
        try (ZooKeeperAwayTest.Client client = second.client();
                FakeAgent host = new FakeAgent("h1", second.zookeeper(), 8, 4096 * Cloud.MIB).start()) {
            assertThat(client.end(waits).getState()).isEqualTo(Task.State.SUCCEEDED);
            assertThat(host.running()).hasSize(1);
            assertThat(client.vms().getVm(GetVmRequest.newBuilder().setName("vms/waits").build()).getState())
                    .isEqualTo(VmState.VM_STATE_RUNNING);
        }
    }

    @Test
    void sigtermEndsItWithinSeconds() throws Exception {
        Running running = serve(0);
        running.process().destroy();
        assertThat(running.process().waitFor(8, TimeUnit.SECONDS)).as(() -> log()).isTrue();
        assertThat(log()).contains("the controller ends");
    }

    @Test
    void zooKeeperInsideThatCannotStartEndsItWithTheValueAndTheWayOut() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Process process = spawn("--listen", "127.0.0.1:0", "--data", folder.resolve("data").toString(),
                    "--zookeeper-listen", "127.0.0.1:" + taken.getLocalPort());
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).as(this::log).isTrue();
            assertThat(process.exitValue()).isEqualTo(1);
            assertThat(log()).contains("--zookeeper-listen : 127.0.0.1:" + taken.getLocalPort() + " cannot be had")
                    .contains("use it with --zookeeper");
        }
        Path file = Files.writeString(folder.resolve("file"), "no folder");
        Path damaged = Files.createDirectories(folder.resolve("damaged/zookeeper/version-2"));
        Files.writeString(damaged.resolve("log.1"), "no transactions".repeat(9));
        Files.writeString(Files.createDirectories(folder.resolve("blocked")).resolve("zookeeper"), "no folder");
        for (Path data : List.of(file, folder.resolve("damaged"), folder.resolve("blocked"))) {
            Process process = spawn("--listen", "127.0.0.1:0", "--data", data.toString(), "--zookeeper-listen",
                    "127.0.0.1:0");
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).as(this::log).isTrue();
            assertThat(process.exitValue()).isEqualTo(1);
            assertThat(log()).contains("drover controller: --data : ").contains(data.toString());
        }
    }

    /** ZooKeeper notices only when it first writes, and then the controller waits for it already. */
    @Test
    void fullDiskEndsItWhileItStarts() throws Exception {
        Path data = Files.createDirectories(folder.resolve("small"));
        try (SmallDisk disk = SmallDisk.mount(data, 256 << 10)) {
            Files.writeString(data.resolve("id"), "c-1");
            Files.createFile(data.resolve("lock"));
            Files.createDirectories(data.resolve("files/unfinished"));
            Files.createDirectories(data.resolve("zookeeper/version-2"));
            disk.fill();
            Process process = spawn("--listen", "127.0.0.1:0", "--data", data.toString(), "--zookeeper-listen",
                    "127.0.0.1:0");
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(this::log).isTrue();
            assertThat(process.exitValue()).isEqualTo(1);
            assertThat(log()).contains("drover controller: --data : ").contains(data.toString());
        }
    }

    @Test
    void allThatIsWrongWithItsOptionsIsToldTogether() throws Exception {
        Process process = spawn("--listen", "0.0.0.0:0", "--data", folder.toString(), "--tls-dir",
                folder.resolve("nowhere").toString(), "--id", "BAD", "--placement", "random", "--zookeeper-listen",
                "no-port");
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(1);
        assertThat(log()).contains("ca.pem").contains("--id : BAD").contains("--placement : random")
                .contains("--zookeeper-listen : no-port").doesNotContain("\tat ");
        Process open = spawn("--listen", "0.0.0.0:0", "--data", folder.toString());
        assertThat(open.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(log()).contains("not a loopback address").contains("--insecure");
    }
}
