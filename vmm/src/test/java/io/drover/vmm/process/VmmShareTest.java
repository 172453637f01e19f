package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.client.VmmBalloon;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmCpuidEntry;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmEnd.Cause;
import io.drover.vmm.client.VmmMemory;
import io.drover.vmm.client.VmmShare;
import io.drover.vmm.client.VmmStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What of its host a VMM process is given, on this machine's KVM. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VmmShareTest {
    private static final long MEMORY = 8 << 20;

    @TempDir
    private Path folder;

    private final List<VmmRig> rigs = new ArrayList<>();

    @BeforeEach
    void needKvm() {
        CodeGuest.openOrSkip().close();
    }

    @AfterEach
    void end() throws Exception {
        for (VmmRig rig : rigs) {
            rig.close();
        }
    }

    private VmmRig rig(String name) throws IOException {
        VmmRig rig = new VmmRig(Files.createDirectory(folder.resolve(name))).memoryBytes(MEMORY);
        rigs.add(rig);
        return rig;
    }

    @Test
    void guestRunsWithItsMemoryThereAndItsVcpusPinned() throws Exception {
        VmmShare share = new VmmShare(new VmmMemory(VmmMemory.SMALL_PAGE_BYTES, true, List.of(0)), List.of(0, 0),
                List.of());
        VmmClient client = rig("pinned").vcpus(2).share(share).start().connectAndAwaitBanner();
        VmmStatus status = client.status();
        assertThat(status.prefaultedBytes()).isEqualTo(MEMORY);
        assertThat(pinned(status.pid())).containsExactly("test vcpu 0 0", "test vcpu 1 0");
    }

    /** Names of the vCPUs' threads with the CPUs that they may run on. */
    private static List<String> pinned(long pid) throws IOException {
        List<String> pinned = new ArrayList<>();
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path thread : threads.toList()) {
                String name = Files.readString(thread.resolve("comm")).strip();
                if (name.startsWith("test vcpu")) {
                    Files.readAllLines(thread.resolve("status")).stream()
                            .filter(line -> line.startsWith("Cpus_allowed_list:"))
                            .forEach(line -> pinned.add(name + " " + line.split("\t", -1)[1]));
                }
            }
        }
        return pinned.stream().sorted().toList();
    }

    @Test
    void cpuThatTheHostHasNotEndsTheVm() throws Exception {
        VmmRig rig = rig("absent").share(new VmmShare(VmmMemory.PLAIN, List.of(8191), List.of())).start();
        VmmEnd end = rig.awaitEnd();
        assertThat(end.cause()).isEqualTo(Cause.VMM_FAILED);
        assertThat(end.message()).contains("CPU 8191");
    }

    @Test
    void hugePagesThatAreNotThereAreTheHostsFault() throws Exception {
        VmmRig rig = rig("huge").memoryBytes(1L << 30)
                .share(new VmmShare(new VmmMemory(1L << 30, false, List.of()), List.of(), List.of())).start();
        VmmEnd end = rig.awaitEnd();
        assertThat(end.cause()).isEqualTo(Cause.HOST_FAILED);
        assertThat(end.message()).contains("1073741824 bytes");
    }

    @Test
    void guestRunsOnHugePages() throws Exception {
        Path free = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
        assumeTrue(Files.exists(free) && Long.parseLong(Files.readString(free).strip()) >= MEMORY >> 21,
                "needs free huge pages: sysctl vm.nr_hugepages=8");
        VmmClient client = rig("huge").share(
                new VmmShare(new VmmMemory(2L << 20, true, List.of(0)), List.of(), List.of())).start()
                .connectAndAwaitBanner();
        long pid = client.status().pid();
        assertThat(Files.readAllLines(Path.of("/proc", Long.toString(pid), "smaps")).stream()
                .dropWhile(line -> !line.contains("drover-guest")).filter(line -> line.startsWith("Shared_Hugetlb:")
                        || line.startsWith("Private_Hugetlb:"))
                .limit(2).mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", ""))).sum())
                .isEqualTo(MEMORY >> 10);
    }

    @Test
    void balloonAndHugePagesExcludeEachOther() throws Exception {
        VmmRig rig = rig("both").balloon(new VmmBalloon(true, true, Duration.ofSeconds(1), 0))
                .share(new VmmShare(new VmmMemory(2L << 20, false, List.of()), List.of(), List.of())).start();
        VmmEnd end = rig.awaitEnd();
        assertThat(end.cause()).isEqualTo(Cause.START_FAILED);
        assertThat(end.message()).contains("balloon and huge pages : both");
    }

    @Test
    void guestThatIsStartedAgainIsShownTheCpuThatItWasShown() throws Exception {
        List<VmmCpuidEntry> shown = rig("first").start().connectAndAwaitBanner().cpuid();
        assertThat(shown).extracting(VmmCpuidEntry::function).contains(0, 1, 0xB, 0x8000_0002);
        // What no host makes up by itself: were it made anew, the name would be this host's.
        List<VmmCpuidEntry> before = shown.stream().map(entry -> entry.function() == 0x8000_0002
                ? new VmmCpuidEntry(entry.function(), entry.index(), entry.flags(), 0x72747541, 0x72, 0, 0)
                : entry).toList();

        VmmRig again = rig("again").vcpus(1).share(new VmmShare(VmmMemory.PLAIN, List.of(), before));
        assertThat(again.start().connectAndAwaitBanner().cpuid()).isEqualTo(before);
    }

    @Test
    void guestWhoseCpuTheHostHasNoMoreIsNotStarted() throws Exception {
        List<VmmCpuidEntry> shown = rig("first").start().connectAndAwaitBanner().cpuid();
        List<VmmCpuidEntry> before = shown.stream().map(entry -> entry.function() == 1
                ? new VmmCpuidEntry(entry.function(), entry.index(), entry.flags(), entry.eax(), entry.ebx(), -1, -1)
                : entry).toList();
        VmmRig again = rig("again").share(new VmmShare(VmmMemory.PLAIN, List.of(), before)).start();
        VmmEnd end = again.awaitEnd();
        assertThat(end.cause()).isEqualTo(Cause.HOST_FAILED);
        assertThat(end.message()).contains("no longer all that the guest was shown").contains("CPUID 1.0");
    }
}
