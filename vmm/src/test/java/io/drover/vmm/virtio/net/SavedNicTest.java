package io.drover.vmm.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.vmm.net.MacAddress;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioFeatures;
import io.drover.vmm.virtio.VirtioPciFunction;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A nic that goes on where another one stood. */
class SavedNicTest {
    private static NetDevice nic(FakeNetwork network) {
        return new NetDevice("nic", MacAddress.of("52:54:00:00:00:01"), 1500, network, FrameLimit.NONE,
                FrameLimit.NONE);
    }

    private static VirtioPciFunction plug(VirtioBench bench, FakeNetwork network) throws IOException {
        NetDevice device = nic(network);
        VirtioPciFunction function = bench.plug(device);
        device.start(function::configurationChanged);
        return function;
    }

    @Test
    void offloadsAndPairsAreAsTheDriverChose() throws Exception {
        try (VirtioBench first = new VirtioBench(); VirtioBench second = new VirtioBench()) {
            FakeNetwork network = new FakeNetwork(2, true);
            VirtioPciFunction function = plug(first, network);
            TestDriver driver = new TestDriver(first, 1).probe().useMsix().negotiate(VirtioFeatures.VERSION_1
                    | NetFeatures.MQ | NetFeatures.CTRL_VQ | NetFeatures.GUEST_CSUM | NetFeatures.GUEST_TSO4);
            for (int queue = 0; queue < 5; queue++) {
                driver.addQueue(queue, 16, false);
            }
            driver.driverOk();
            function.pause();
            assertThat(function.awaitStill(System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000)).isTrue();
            SavedFunction.Builder saved = function.save();
            saved.getVirtioBuilder().getNetBuilder().setPairs(2);
            byte[] all = new byte[VirtioBench.MEMORY_BYTES];
            first.memory().copyOut(0, all);
            second.memory().copyIn(0, all);

            FakeNetwork other = new FakeNetwork(2, true);
            VirtioPciFunction next = plug(second, other);
            next.load(saved.build());

            assertThat(other.used()).isEqualTo(2);
            assertThat(other.accepted()).isEqualTo(network.accepted());
            assertThat(next.save().build()).isEqualTo(saved.build());
            next.resume();

            VirtioPciFunction narrow = plug(second, new FakeNetwork(1, true));
            assertThatThrownBy(() -> narrow.load(saved.build())).isInstanceOf(SavedStateException.class);
        }
    }
}
