package io.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.Code;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmState;
import io.drover.proto.v1.WatchVmsRequest;
import io.drover.proto.v1.WatchVmsResponse;
import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Commands that go on until they are told to end; here a controller that denies its service ends them. */
@Timeout(60)
class WatchTest {
    private FakeController controller;

    @BeforeEach
    void start() throws IOException {
        controller = new FakeController();
        controller.vms.put("vms/web-1", OutputTest.running());
        Vm longer = OutputTest.running().toBuilder().setName("vms/web-10").build();
        controller.watch.addAll(List.of(event(WatchVmsResponse.Type.ADDED, OutputTest.running(), "1"),
                event(WatchVmsResponse.Type.ADDED, longer, "2"),
                WatchVmsResponse.newBuilder().setType(WatchVmsResponse.Type.SYNCED).setRevision("2").build(),
                event(WatchVmsResponse.Type.DELETED,
                        OutputTest.running().toBuilder().setState(VmState.VM_STATE_DELETING).build(), "3")));
        controller.watchEnd = Optional.of(Status.PERMISSION_DENIED.withDescription("no longer").asRuntimeException());
    }

    @AfterEach
    void stop() {
        controller.close();
    }

    @Test
    void listGoesOnWithARowForEachChange() {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "list", "--watch", "--filter", "state = RUNNING")).isEqualTo(5);
        assertThat(run.out()).isEqualTo("""
                NAME   STATE    HOST  DRIVER  VCPUS  MEMORY   IMAGE   AGE  MESSAGE
                web-1  RUNNING  h1    kvm     2      512 MiB  debian  24h
                web-10  RUNNING  h1    kvm     2      512 MiB  debian  24h
                web-1   DELETING  h1    kvm     2      512 MiB  debian  24h  deleted
                """);
        assertThat(controller.request(WatchVmsRequest.class).getFilter()).isEqualTo("state = RUNNING");
    }

    @Test
    void getWatchesItsVmOnly() {
        CommandRun run = CommandRun.against(controller);
        run.run("vm", "get", "web-1", "-w", "-o", "name");
        assertThat(run.out()).isEqualTo("vms/web-1\nvms/web-1\n");
    }

    @Test
    void eventsAreShownWithTheirType() {
        CommandRun run = CommandRun.against(controller);
        run.run("vm", "watch");
        assertThat(run.out().lines().map(line -> line.substring(0, line.indexOf(" ")))).containsExactly("EVENT",
                "ADDED", "ADDED",
                "DELETED");
    }

    @Test
    void yamlIsADocumentForEachEvent() {
        CommandRun run = CommandRun.against(controller);
        run.run("vm", "watch", "-o", "yaml");
        assertThat(run.out()).startsWith("---\ntype: ADDED\nvm:\n  name: vms/web-1\n")
                .contains("---\ntype: SYNCED\nrevision: \"2\"\n");
    }

    @Test
    void whatHasNoStreamIsAskedForAgain() throws Exception {
        controller.hosts.put("hosts/h1", Host.newBuilder().setName("hosts/h1").setState(Host.State.READY).build());
        CommandRun run = CommandRun.against(controller);
        CompletableFuture<Integer> code = CompletableFuture
                .supplyAsync(() -> run.run("host", "list", "--watch", "-o", "json"));
        Waiting.until(Duration.ofSeconds(20), () -> run.out().contains("READY"));
        controller.hosts.put("hosts/h1", Host.newBuilder().setName("hosts/h1").setState(Host.State.AWAY).build());
        Waiting.until(Duration.ofSeconds(20), () -> run.out().contains("AWAY"));
        controller.fail("ListHosts", Code.PERMISSION_DENIED, "ROLE_DENIED", "no longer", Map.of());
        assertThat(code.get(20, TimeUnit.SECONDS)).isEqualTo(5);
        assertThat(run.out()).isEqualTo("""
                {"name":"hosts/h1","state":"READY"}
                {"name":"hosts/h1","state":"AWAY"}
                """);
    }

    private static WatchVmsResponse event(WatchVmsResponse.Type type, Vm vm, String revision) {
        return WatchVmsResponse.newBuilder().setType(type).setVm(vm).setRevision(revision).build();
    }
}
