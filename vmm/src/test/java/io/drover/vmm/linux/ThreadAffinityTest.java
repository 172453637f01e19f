package io.drover.vmm.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class ThreadAffinityTest {
    @Test
    void pinnedThreadRunsOnThatCpuOnly() throws Exception {
        int cpu = lastAllowed();
        assertThat(onThread(() -> {
            ThreadAffinity.pin(cpu);
            return allowed();
        })).isEqualTo(Integer.toString(cpu));
        assertThat(lastAllowed()).as("of others nothing changes").isEqualTo(cpu);
    }

    @Test
    void cpuThatIsNotThereIsRefused() throws Exception {
        assertThat(onThread(() -> {
            assertThatThrownBy(() -> ThreadAffinity.pin(ThreadAffinity.MAX_CPU))
                    .isInstanceOf(SystemCallException.class).hasMessageContaining("CPU 8191")
                    .hasMessageContaining("EINVAL");
            return allowed();
        })).isEqualTo(allowed());
    }

    private static <T> T onThread(Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform().start(task).join();
        return task.get();
    }

    private static int lastAllowed() throws IOException {
        String[] cpus = allowed().split("[,-]", -1);
        return Integer.parseInt(cpus[cpus.length - 1]);
    }

    /** Such as "0-3,7". */
    private static String allowed() throws IOException {
        return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                .filter(line -> line.startsWith("Cpus_allowed_list:")).findFirst().orElseThrow().split("\t", -1)[1];
    }
}
