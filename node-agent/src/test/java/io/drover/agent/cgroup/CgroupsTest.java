package io.drover.agent.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CgroupsTest {
    private static final CgroupSettings SETTINGS = new CgroupSettings(64 << 20, 100, 1500, 50);

    /** A folder with the files that a kernel would show. */
    @TempDir
    private Path folder;

    private Cgroups fake() throws IOException {
        Files.writeString(folder.resolve("cgroup.controllers"), "cpuset cpu io memory hugetlb pids\n");
        return Cgroups.take(folder);
    }

    @Test
    void eachVmHasOneWithItsBounds() throws Exception {
        Cgroups cgroups = fake();
        assertThat(folder.resolve("cgroup.subtree_control")).hasContent("+cpu +memory +pids");
        List<String> launcher = cgroups.enter("uid-1", SETTINGS);
        Path own = folder.resolve("vm-uid-1");
        assertThat(own.resolve("memory.max")).hasContent("67108864");
        assertThat(own.resolve("memory.oom.group")).hasContent("1");
        assertThat(own.resolve("pids.max")).hasContent("100");
        assertThat(own.resolve("cpu.max")).hasContent("150000 100000");
        assertThat(own.resolve("cpu.weight")).hasContent("50");
        assertThat(cgroups.uids()).containsExactly("uid-1");

        List<String> line = new ArrayList<>(launcher);
        line.addAll(List.of("sh", "-c", "echo ran $$"));
        Process process = new ProcessBuilder(line).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(said).as("the command has the launcher's process").isEqualTo("ran " + process.pid() + "\n");
        assertThat(own.resolve("cgroup.procs")).hasContent("0");
    }

    @Test
    void vmWithoutLimitsHasTheUsual() {
        assertThat(new CgroupSettings(1, 1, 0, 0).files()).containsEntry("cpu.max", "max 100000")
                .containsEntry("cpu.weight", "100");
    }

    @Test
    void thoseOfVmsThatRunNoMoreGo() throws Exception {
        Cgroups cgroups = fake();
        Files.createDirectory(folder.resolve("vm-gone"));
        Files.createDirectory(folder.resolve("vm-runs"));
        Files.createDirectory(folder.resolve("other"));
        cgroups.removeAllBut(Set.of("runs"));
        assertThat(folder.resolve("vm-gone")).doesNotExist();
        assertThat(folder.resolve("vm-runs")).exists();
        assertThat(folder.resolve("other")).exists();
    }

    @Test
    void whatWasKilledForWantOfMemoryIsToldFromWhatWasKilledOtherwise() throws Exception {
        Cgroups cgroups = fake();
        assertThat(cgroups.outOfMemory("uid-1")).as("no such cgroup").isEmpty();
        var _ = cgroups.enter("uid-1", SETTINGS);
        assertThat(cgroups.outOfMemory("uid-1")).as("a kernel that does not tell").isEmpty();
        events("low 0\nhigh 0\nmax 12\noom 0\noom_kill 0\noom_group_kill 0\n");
        assertThat(cgroups.outOfMemory("uid-1")).as("it was in need, and got by").isEmpty();
        events("low 0\nhigh 0\nmax 31\noom 1\noom_kill 2\noom_group_kill 1\n");
        assertThat(cgroups.outOfMemory("uid-1")).hasValue("out of memory: its processes wanted more than they may have"
                + " together, 67108864 bytes (memory.max of its cgroup)");
        events("low 0\nhigh 0\nmax 0\noom 0\noom_kill 2\noom_group_kill 1\n");
        assertThat(cgroups.outOfMemory("uid-1")).hasValue("out of memory: this host had none left");
    }

    private void events(String content) throws IOException {
        Files.writeString(folder.resolve("vm-uid-1/memory.events"), content);
    }

    @Test
    void nextProcessBeginsInACgroupThatHasCountedNothing() throws Exception {
        Cgroups cgroups = fake();
        Path own = Files.createDirectory(folder.resolve("vm-uid-1"));
        Set<PosixFilePermission> marked = PosixFilePermissions.fromString("rwx--x-w-");
        Files.setPosixFilePermissions(own, marked);
        var _ = cgroups.enter("uid-1", SETTINGS);
        assertThat(Files.getPosixFilePermissions(own)).as("another folder").isNotEqualTo(marked);
    }

    @Test
    void cgroupWithoutTheControllersIsRefusedByName() throws Exception {
        Files.writeString(folder.resolve("cgroup.controllers"), "cpuset pids\n");
        assertThatThrownBy(() -> Cgroups.take(folder)).isInstanceOf(IOException.class)
                .hasMessageContaining("\"cpuset pids\" (expected: cpu, memory and pids)");
        assertThat(Cgroups.find(Optional.of(folder.resolve("no/such")), "name").message())
                .contains("Delegate=yes").contains("--cgroup");
    }

    /** On a host with cgroup v2, where this process may make cgroups. */
    @Test
    void realKernelTakesTheBoundsAndForgetsThem() throws Exception {
        Cgroups.Found found = Cgroups.find(Optional.empty(), "drover-test");
        assumeTrue(found instanceof Cgroups.Found.Usable, "skipped: " + found.message());
        Cgroups cgroups = ((Cgroups.Found.Usable) found).cgroups();
        List<String> line = new ArrayList<>(cgroups.enter("test", SETTINGS));
        line.addAll(List.of("cat", "/proc/self/cgroup"));
        Process process = new ProcessBuilder(line).start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).contains("/vm-test");
        assertThat(process.waitFor()).isZero();
        cgroups.removeAllBut(Set.of());
        assertThat(cgroups.uids()).isEmpty();
    }

    @Test
    void placeInTheTreeDecidesWhereVmsGo() throws Exception {
        List<String> mounts = List.of("25 1 0:22 / /proc rw - proc proc rw",
                "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw");
        assertThat(CgroupTree.parse(mounts, List.of("0::/system.slice/drover-agent.service/agent")).folderFor("name"))
                .isEqualTo(Path.of("/sys/fs/cgroup/system.slice/drover-agent.service"));
        assertThatThrownBy(() -> CgroupTree.parse(mounts, List.of("0::/user.slice")).folderFor("name"))
                .hasMessageContaining("the agent is in the cgroup /user.slice").hasMessageContaining("systemd 254");
        assertThatThrownBy(() -> CgroupTree.parse(List.of(), List.of("9:memory:/", "0::/")).folderFor("name"))
                .hasMessageContaining("cgroup v2 is not mounted");
    }
}
