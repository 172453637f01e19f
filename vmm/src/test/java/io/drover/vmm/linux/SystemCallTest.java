package io.drover.vmm.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SystemCallTest {
    @Test
    void capturedErrnoIsWhereWeReadIt() {
        assertThat(SystemCall.ERRNO_OFFSET)
                .isEqualTo(SystemCall.CAPTURED.byteOffset(PathElement.groupElement("errno")));
        assertThat(SystemCall.CAPTURED.byteSize()).isEqualTo(ValueLayout.JAVA_INT.byteSize());
    }

    @Test
    void failureNamesTheCallItsArgumentsAndTheError(@TempDir Path folder) {
        Path missing = folder.resolve("missing");
        assertThatThrownBy(() -> FileHandle.open(missing)).isInstanceOfSatisfying(SystemCallException.class, e -> {
            assertThat(e).hasMessage("open(" + missing + ") failed: ENOENT (2)");
            assertThat(e.call()).isEqualTo("open");
            assertThat(e.errno()).isEqualTo(Errno.ENOENT);
        });
    }

    @Test
    void callAfterCloseFails() throws IOException {
        FileHandle file = FileHandle.memory("test", 4096);
        file.close();
        file.close();
        assertThat(file.ioctl(0, 0)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void mappedMemoryIsTheFilesAndGoesWithItsArena(@TempDir Path folder) throws IOException {
        long before = mappings("drover-test-memory");
        try (Arena arena = Arena.ofShared(); FileHandle file = FileHandle.memory("drover-test-memory", 8192)) {
            MemorySegment one = file.map(8192, arena);
            MemorySegment two = file.map(8192, arena);
            one.set(ValueLayout.JAVA_LONG, 4096, 42);
            assertThat(two.get(ValueLayout.JAVA_LONG, 4096)).isEqualTo(42);
            assertThat(mappings("drover-test-memory")).isGreaterThan(before);
        }
        assertThat(mappings("drover-test-memory")).isEqualTo(before);
    }

    @Test
    void hugePagesAreAskedForWhereTheKernelHasThem() throws IOException {
        assumeThat(Path.of("/sys/kernel/mm/transparent_hugepage")).as("transparent huge pages in the kernel").exists();
        long bytes = 4L << 20;
        try (Arena arena = Arena.ofShared(); FileHandle file = FileHandle.memory("drover-test-huge", bytes)) {
            MemorySegment mapped = file.map(bytes, arena);
            assertThat(flags(mapped)).doesNotContain("hg");
            MappedMemory.adviseHugePages(mapped);
            assertThat(flags(mapped)).contains("hg");
        }
    }

    /** Of the mapping that begins where the segment does: proc(5), VmFlags. */
    private static List<String> flags(MemorySegment mapped) throws IOException {
        String start = Long.toHexString(mapped.address()) + "-";
        return Files.readAllLines(Path.of("/proc/self/smaps")).stream()
                .dropWhile(line -> !line.startsWith(start)).filter(line -> line.startsWith("VmFlags:"))
                .findFirst().map(line -> List.of(line.split(" ", -1))).orElseThrow();
    }

    /** Each thread makes calls of its own kind of failure: a shared errno would show another's. */
    @Test
    void threadsDoNotSeeEachOthersErrors() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> all = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                long number = thread % 2 == 0 ? SystemCall.CLOSE : -1;
                long expected = thread % 2 == 0 ? -Errno.EBADF : -Errno.ENOSYS;
                all.add(threads.submit(() -> {
                    for (int call = 0; call < 50_000; call++) {
                        assertThat(SystemCall.invoke(number, -1, 0, 0) == expected).isTrue();
                    }
                }));
            }
            for (Future<?> each : all) {
                each.get(50, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void kickWaitsBlockedUntilItIsConsumed() throws Exception {
        Thread thread = Thread.ofPlatform().start(() -> {
            try (Arena arena = Arena.ofConfined()) {
                long mask = KickSignal.block();
                assertThat(mask & 1L << 33).isZero();
                KickSignal.send(KickSignal.currentThread());
                KickSignal.send(KickSignal.currentThread());
                new KickSignal.Drain(arena).run();
            } catch (SystemCallException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(thread.join(Duration.ofSeconds(30))).isTrue();
    }

    @Test
    void processBeganBeforeNowAndAfterTheMachineBooted() throws IOException {
        assertThat(BootClock.processStartNanos()).isPositive().isLessThan(BootClock.nanos());
        long age = BootClock.nanos() - BootClock.processStartNanos();
        long jvmAge = System.currentTimeMillis()
                - ProcessHandle.current().info().startInstant().orElseThrow().toEpochMilli();
        assertThat(Duration.ofNanos(age)).isCloseTo(Duration.ofMillis(jvmAge), Duration.ofSeconds(1));
    }

    private static long mappings(String name) throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains(name)).count();
        }
    }
}
