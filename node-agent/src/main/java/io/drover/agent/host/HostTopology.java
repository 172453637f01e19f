package io.drover.agent.host;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * How the CPUs and the memory of this machine lie, and what of the memory is set aside as huge pages, when it was read.
 *
 * @param cpus that are on
 * @param nodes by number; none where the kernel knows no NUMA
 * @param huge2mBytes set aside in pages of 2 MiB
 * @param huge1gBytes set aside in pages of 1 GiB
 */
public record HostTopology(NavigableSet<Integer> cpus, List<Node> nodes, long huge2mBytes, long huge1gBytes) {
    private static final Path SYSFS = Path.of("/sys");
    private static final long HUGE_2M = 2L << 20;
    private static final long HUGE_1G = 1L << 30;

    /** A NUMA node. */
    public record Node(int number, NavigableSet<Integer> cpus, long memoryBytes) {
        public Node {
            cpus = new TreeSet<>(cpus);
        }
    }

    public HostTopology {
        cpus = new TreeSet<>(cpus);
        nodes = List.copyOf(nodes);
    }

    public static HostTopology read() throws IOException {
        return read(SYSFS);
    }

    /** From a folder that is like sysfs. */
    static HostTopology read(Path sysfs) throws IOException {
        Path devices = sysfs.resolve("devices/system");
        List<Node> nodes = new ArrayList<>();
        if (Files.isDirectory(devices.resolve("node"))) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(devices.resolve("node"), "node[0-9]*")) {
                for (Path node : found) {
                    nodes.add(new Node(Integer.parseInt(node.getFileName().toString().substring("node".length())),
                            CpuList.parse(Files.readString(node.resolve("cpulist"))),
                            memory(Files.readAllLines(node.resolve("meminfo")))));
                }
            }
        }
        nodes.sort(Comparator.comparingInt(Node::number));
        return new HostTopology(CpuList.parse(Files.readString(devices.resolve("cpu/online"))), nodes,
                HUGE_2M * pages(sysfs, HUGE_2M, "nr_hugepages"), HUGE_1G * pages(sysfs, HUGE_1G, "nr_hugepages"));
    }

    /** Huge pages of this size that nobody has now; 0 where the kernel has none. */
    public static long freePages(long pageBytes) throws IOException {
        return pages(SYSFS, pageBytes, "free_hugepages") - pages(SYSFS, pageBytes, "resv_hugepages");
    }

    private static long pages(Path sysfs, long pageBytes, String file) throws IOException {
        Path count = sysfs.resolve("kernel/mm/hugepages/hugepages-" + (pageBytes >> 10) + "kB").resolve(file);
        return Files.exists(count) ? Long.parseLong(Files.readString(count).strip()) : 0;
    }

    /** From lines such as "Node 0 MemTotal:  8029880 kB". */
    private static long memory(List<String> meminfo) {
        return meminfo.stream().filter(line -> line.contains(" MemTotal:")).findFirst()
                .map(line -> Long.parseLong(line.replaceAll("^.*MemTotal: *([0-9]+) kB$", "$1")) << 10).orElse(0L);
    }
}
