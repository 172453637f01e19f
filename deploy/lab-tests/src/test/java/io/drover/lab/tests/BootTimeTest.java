package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.debian.DebianPackages;
import io.drover.debian.DemoImage;
import io.drover.lab.CommandResult;
import io.drover.lab.LabException;
import io.drover.lab.LabHost;
import io.drover.vmm.client.VmmSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * How long the same guest takes from the start of its VMM to its init: under our VMM, and under QEMU's microvm on the
 * same KVM in the same host, in turns. {@code -Ddrover.lab.boots=N} makes more of each.
 */
@Tag("lab")
@ExtendWith(EmulatedHost.class)
class BootTimeTest {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String MEMORY_MEBIBYTES = "256";

    @TempDir
    private Path folder;

    private DemoImage image;
    private Path script;

    @BeforeEach
    void prepare() throws Exception {
        image = DemoImage.build(DebianPackages.defaultCache());
        script = folder.resolve("measure-boot");
        try (InputStream in = BootTimeTest.class.getResourceAsStream("measure-boot")) {
            Files.copy(in, script);
        }
    }

    @Test
    void initIsReachedAndTimedBesideQemuMicrovm(LabHost host) throws Exception {
        int boots = Integer.getInteger("drover.lab.boots", 2);
        List<String> ours = ourVmm();
        List<String> theirs = microvm();
        host.refresh();
        List<Long> ourMillis = new ArrayList<>();
        List<Long> theirMillis = new ArrayList<>();
        // The first boot of each reads its files over 9p: it only warms the host's cache.
        measure(host, "/run/ours/console", ours);
        measure(host, "/run/theirs/console", theirs);
        for (int i = 0; i < boots; i++) {
            measure(host, "/run/ours/console", ours).ifPresent(ourMillis::add);
            measure(host, "/run/theirs/console", theirs).ifPresent(theirMillis::add);
        }

        assertThat(ourMillis).as("boots of our VMM").hasSize(boots);
        // It hung once in ten boots where this was first tried, which is no failure of ours.
        assertThat(theirMillis).as("boots of QEMU microvm").isNotEmpty();
        System.out.printf(
                "lab: VMM start to guest init: Drover %d ms, QEMU microvm %d ms (medians of %d and %d), ratio %.2f%n",
                median(ourMillis), median(theirMillis), ourMillis.size(), theirMillis.size(),
                (double) median(ourMillis) / median(theirMillis));
        System.out.println("lab: all of Drover's " + ourMillis + " ms, all of microvm's " + theirMillis + " ms");
    }

    private static long median(List<Long> millis) {
        return millis.stream().sorted().toList().get(millis.size() / 2);
    }

    private OptionalLong measure(LabHost host, String console, List<String> command)
            throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("bash", script.toString(), console, DemoImage.INIT_LINE));
        words.addAll(command);
        try {
            CommandResult result = host.run(LIMIT, words.toArray(String[]::new));
            if (result.output().isBlank()) {
                System.out.println("lab: no init was seen: " + result.errors());
                return OptionalLong.empty();
            }
            return OptionalLong.of(Long.parseLong(result.output().strip()));
        } catch (LabException tooLong) {
            System.out.println("lab: a boot was given up: " + tooLong.getMessage());
            return OptionalLong.empty();
        }
    }

    private List<String> ourVmm() throws IOException, InterruptedException {
        Path settings = folder.resolve("vmm.pb");
        Path run = Path.of("/run/ours");
        new VmmSettings("boot-time", "boot-time", 1, 1, Long.parseLong(MEMORY_MEBIBYTES) << 20, image.kernel(),
                Optional.of(image.initramfs()), image.commandLine(), run.resolve("control"), run.resolve("console"), 0,
                run.resolve("exit.pb"), false).write(settings);
        return VmmProgram.command(settings);
    }

    /**
     * QEMU's leanest machine with what our VMM has too: serial port, clock, ACPI. Without firmware tables that say so,
     * Linux would look for a keyboard controller for seconds under emulation; ours says that there is none, so here it is
     * told not to look.
     */
    private List<String> microvm() {
        return List.of("qemu-system-x86_64", "-accel", "kvm", "-M",
                "microvm,pit=off,pic=off,rtc=on,isa-serial=on,auto-kernel-cmdline=off", "-cpu", "host", "-m",
                MEMORY_MEBIBYTES,
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial",
                "file:/run/theirs/console", "-kernel",
                image.kernel().toString(), "-initrd", image.initramfs().toString(), "-append",
                image.commandLine() + " initcall_blacklist=i8042_init");
    }
}
