package io.drover.agent.cgroup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where this process is in the tree of cgroups.
 *
 * @param mount of cgroup v2; empty: there is none
 * @param own the process's cgroup, such as {@code /system.slice/drover-agent.service/agent}
 */
record CgroupTree(Optional<Path> mount, String own) {
    private static final String TYPE = "cgroup2";
    /** What the unit of the agent calls its part of its cgroup: the others are for VMs. */
    private static final String AGENTS = "/agent";
    private static final int ROOT_FIELD = 3;
    private static final int MOUNT_FIELD = 4;

    static CgroupTree read() throws IOException {
        return parse(Files.readAllLines(Path.of("/proc/self/mountinfo")),
                Files.readAllLines(Path.of("/proc/self/cgroup")));
    }

    /** From proc(5)'s mountinfo and cgroup. */
    static CgroupTree parse(List<String> mounts, List<String> cgroups) {
        Optional<Path> mount = mounts.stream().filter(line -> line.contains(" - " + TYPE + " "))
                .map(line -> line.split(" ", -1)).filter(fields -> fields[ROOT_FIELD].equals("/"))
                .map(fields -> Path.of(fields[MOUNT_FIELD])).findFirst();
        String own = cgroups.stream().filter(line -> line.startsWith("0::")).findFirst()
                .map(line -> line.substring("0::".length())).orElse("");
        return new CgroupTree(mount, own);
    }

    /**
     * The folder below which VMs' cgroups may be made. A cgroup with processes cannot have children with controllers, unless it
     * is the root: so the agent is in one beside them, or they are far from it.
     *
     * @param name of the folder below the root
     * @throws IOException when there is none, with what to do
     */
    Path folderFor(String name) throws IOException {
        Path top = mount.orElseThrow(() -> new IOException("cgroup v2 is not mounted (expected: at /sys/fs/cgroup)"));
        if (own.equals("/")) {
            Cgroups.delegate(top);
            return top.resolve(name);
        }
        if (own.endsWith(AGENTS)) {
            return top.resolve(own.substring(1, own.length() - AGENTS.length()));
        }
        throw new IOException("the agent is in the cgroup " + own
                + " (expected: one named agent in a cgroup of its own,"
                + " by systemd's Delegate=yes and DelegateSubgroup=agent, which need systemd 254, or --cgroup)");
    }
}
