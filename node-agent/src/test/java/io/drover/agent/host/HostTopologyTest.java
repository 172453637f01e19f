package io.drover.agent.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostTopologyTest {
    @TempDir
    private Path sysfs;

    private void file(String path, String text) throws IOException {
        Path file = sysfs.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void nodesAndHugePagesAreReadAsTheKernelTellsThem() throws IOException {
        file("devices/system/cpu/online", "0-3\n");
        file("devices/system/node/node1/cpulist", "2-3\n");
        file("devices/system/node/node1/meminfo", "Node 1 MemTotal:        2048 kB\nNode 1 MemFree: 1 kB\n");
        file("devices/system/node/node0/cpulist", "0-1\n");
        file("devices/system/node/node0/meminfo", "Node 0 MemTotal:        1024 kB\n");
        file("devices/system/node/possible", "0-1\n");
        file("kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "8\n");
        file("kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "2\n");

        HostTopology topology = HostTopology.read(sysfs);

        assertThat(topology.cpus()).containsExactly(0, 1, 2, 3);
        assertThat(topology.nodes()).containsExactly(
                new HostTopology.Node(0, CpuList.parse("0-1"), 1 << 20),
                new HostTopology.Node(1, CpuList.parse("2-3"), 2 << 20));
        assertThat(topology.huge2mBytes()).isEqualTo(16 << 20);
        assertThat(topology.huge1gBytes()).isEqualTo(2L << 30);
    }

    @Test
    void kernelWithoutNumaAndHugePagesHasNone() throws IOException {
        file("devices/system/cpu/online", "0\n");
        assertThat(HostTopology.read(sysfs)).isEqualTo(new HostTopology(CpuList.parse("0"), java.util.List.of(), 0, 0));
    }

    @Test
    void thisMachineCanBeRead() throws IOException {
        assertThat(HostTopology.read().cpus()).isNotEmpty();
    }
}
