package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.proto.v1.BridgeNetwork;
import io.drover.proto.v1.FrameRate;
import io.drover.proto.v1.PortForward;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.UserNetwork;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmNic;
import io.drover.proto.v1.VmSpec;
import io.drover.proto.v1.VmState;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs with nics, on hosts that have the networks. */
final class VmNicsTest {
    private static final VmNic USER = VmNic.newBuilder().setName("out")
            .setUser(UserNetwork.newBuilder().addForwards(PortForward.newBuilder()
                    .setProtocol(PortForward.Protocol.TCP).setHostAddress("127.0.0.1").setHostPort(8080)
                    .setGuestPort(80)))
            .setQueuePairs(1).build();
    private static final VmNic LAN = VmNic.newBuilder().setName("lan")
            .setBridge(BridgeNetwork.newBuilder().setBridge("br0")).setMac("52:54:00:AB:cd:01").setMtuBytes(9000)
            .setQueuePairs(2).build();

    @TempDir
    private Path data;
    private Cloud cloud;
    private final List<StartVmRequest> starts = new CopyOnWriteArrayList<>();

    @BeforeEach
    void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
    }

    @AfterEach
    void stop() {
        cloud.close();
    }

    private FakeAgent host(String name, String... networks) {
        FakeAgent host = cloud.host(name);
        host.onStart(request -> {
            starts.add(request);
            return Optional.empty();
        });
        host.networks(networks);
        return host;
    }

    private static VmSpec spec(VmNic... nics) {
        return Cloud.spec(1, 64 * Cloud.MIB).toBuilder().addAllNics(List.of(nics)).build();
    }

    @Test
    void vmGoesWhereItsNetworksAreAndKeepsTheAddressThatWasMade() throws Exception {
        host("h1", "user");
        host("h2", "bridge/br0", "user");
        Task task = cloud.end(cloud.vms().createVm(Cloud.creation("web-1", spec(USER, LAN))));
        assertThat(task.getState()).isEqualTo(Task.State.SUCCEEDED);
        Vm vm = cloud.vm("web-1");

        assertThat(vm.getHost()).isEqualTo("hosts/h2");
        String made = vm.getSpec().getNics(0).getEffectiveMac();
        assertThat(made).matches("52:54:00(:[0-9a-f]{2}){3}");
        assertThat(vm.getSpec().getNicsList()).containsExactly(
                USER.toBuilder().setEffectiveMac(made).build(),
                LAN.toBuilder().setMac("52:54:00:ab:cd:01").setEffectiveMac("52:54:00:ab:cd:01").build());
        StartVmRequest start = starts.getFirst();
        assertThat(start.getNicsList()).extracting(StartVmRequest.Nic::getMac).containsExactly(made,
                "52:54:00:ab:cd:01");
        StartVmRequest.PortForward forward = start.getNics(0).getUser().getForwards(0);
        assertThat(forward.getProtocol()).isEqualTo(StartVmRequest.PortForward.Protocol.TCP);
        assertThat(forward.getHostAddress()).isEqualTo("127.0.0.1");
        assertThat(forward.getHostPort()).isEqualTo(8080);
        assertThat(forward.getGuestPort()).isEqualTo(80);
        assertThat(start.getNics(1).getBridge().getBridge()).isEqualTo("br0");
        assertThat(start.getNics(1).getMtuBytes()).isEqualTo(9000);
        assertThat(start.getNics(1).getQueuePairs()).isEqualTo(2);
    }

    @Test
    void vmWaitsForItsNetworkAndStartsWhereItAppears() throws Exception {
        FakeAgent host = host("h1");
        Task create = cloud.vms().createVm(Cloud.creation("web-1", spec(LAN)));
        cloud.vm("web-1", VmState.VM_STATE_PENDING);
        Vm waiting = Eventually.get(() -> cloud.vm("web-1"), seen -> seen.getStateMessage().contains("network"));
        assertThat(waiting.getStateMessage()).contains("networks 1", "host h1 lacks the network bridge/br0");
        host.networks("bridge/br0");
        assertThat(cloud.end(create).getState()).isEqualTo(Task.State.SUCCEEDED);
    }

    @Test
    void limitedNicsNeedTheDriverThatLimits() throws Exception {
        host("h1", "user");
        VmNic limited = USER.toBuilder().setSendRate(FrameRate.newBuilder().setBytesPerSecond(1000)).build();
        cloud.vms().createVm(Cloud.creation("web-1", spec(limited)));
        Vm waiting = Eventually.get(() -> cloud.vm("web-1"), seen -> seen.getStateMessage().contains("driver"));
        assertThat(waiting.getStateMessage()).contains("host h1 has no usable driver kvm");
        assertThat(waiting.getSpec().getNics(0).getSendRate().getBytesPerSecond()).isEqualTo(1000);
    }
}
