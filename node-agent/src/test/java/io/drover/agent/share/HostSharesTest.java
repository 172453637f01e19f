package io.drover.agent.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.agent.cgroup.CgroupSettings;
import io.drover.agent.cgroup.Cgroups;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.MachineShare;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.host.CpuList;
import io.drover.agent.host.HostTopology;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import io.drover.proto.agent.v1.StartVmRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HostSharesTest {
    private static final long MIB = 1L << 20;
    private static final HostTopology TOPOLOGY = new HostTopology(CpuList.parse("0-3"),
            List.of(new HostTopology.Node(0, CpuList.parse("0-1"), 1 << 30),
                    new HostTopology.Node(1, CpuList.parse("2-3"), 1 << 30)),
            64 * MIB, 0);
    private static final MachinePlan PLAN = new MachinePlan(new VmIdentity("web-1", "uid-1", 1), 2, 512 * MIB,
            Path.of("/kernel"), Optional.empty(), "");

    private static HostShares shares(String dedicated) throws IOException {
        return new HostShares(TOPOLOGY, CpuList.parse(dedicated), new Cgroups.Found.Unusable("no cgroup v2 here"));
    }

    private static ShareOrder order(StartVmRequest.Resources.Builder resources) {
        return ShareOrder.of(resources.build());
    }

    private static StartVmRequest.Resources.Builder asked() {
        return StartVmRequest.Resources.newBuilder();
    }

    @Test
    void whatTheHostHasNotIsRefusedByName() throws Exception {
        HostShares shares = shares("");
        shares.check("web-1", order(asked()), 512 * MIB);
        assertThatThrownBy(() -> shares.check("web-1", order(asked().setCpuLimitMillis(1500)), 512 * MIB))
                .isInstanceOfSatisfying(RefusedException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.DOES_NOT_FIT);
                    assertThat(e).hasMessage("limits of CPU time : not on this host: no cgroup v2 here");
                });
        assertThatThrownBy(() -> shares.check("web-1", order(asked().setNumaNode(2)), 512 * MIB))
                .hasMessage("NUMA node : 2 (this host has: [0, 1])");
        assertThatThrownBy(
                () -> shares.check("web-1", order(asked().setHugePageBytes(1 << 30)), 1L << 50))
                .hasMessageContaining("huge pages of 1024 MiB : 1048576");
    }

    @Test
    void vmWithDedicatedCpusHasItsMemoryOnTheirNodesIfItAsks() throws Exception {
        HostShares shares = shares("2-3");
        ShareOrder order = order(asked().setDedicatedCpus(true).setNumaAuto(true).setPrefault(true));
        List<Integer> cpus = shares.allot(order, 2, List.of());
        assertThat(cpus).containsExactly(2, 3);
        assertThat(shares.give(PLAN, order, "kvm", cpus, List.of())).isEqualTo(new MachineShare(4096, true, List.of(1),
                List.of(2, 3), List.of(), List.of("taskset", "--cpu-list", "0-1")));
    }

    @Test
    void vmWithoutDedicatedCpusKeepsOffThem() throws Exception {
        HostShares shares = shares("1");
        ShareOrder order = order(asked());
        assertThat(shares.allot(order, 2, List.of())).isEmpty();
        assertThat(shares.give(PLAN, order, "kvm", List.of(), List.of()).launcher())
                .containsExactly("taskset", "--cpu-list", "0,2-3");
        assertThat(shares("").give(PLAN, order, "kvm", List.of(), List.of())).isEqualTo(MachineShare.PLAIN);
    }

    @Test
    void cpusThatTheHostHasNotCannotBeSetAsideNorAllOfThem() {
        assertThatThrownBy(() -> shares("4")).hasMessageContaining("--dedicated-cpus : 4");
        assertThatThrownBy(() -> shares("0-3")).hasMessageContaining("with one left at least");
    }

    @Test
    void boundOfMemoryIsTheGuestsAndWhatItsProcessNeedsAndHugePagesAreNoPartOfIt() {
        assertThat(HostShares.settings(PLAN, order(asked().setCpuLimitMillis(1500)), "kvm"))
                .isEqualTo(new CgroupSettings(512 * MIB + 256 * MIB + 8 * MIB, 520, 1500, 0));
        assertThat(HostShares.settings(PLAN, order(asked().setHugePageBytes(2 * MIB)), "kvm").memoryBytes())
                .isEqualTo(264 * MIB);
    }
}
