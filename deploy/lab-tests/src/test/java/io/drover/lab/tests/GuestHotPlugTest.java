package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.debian.DebianPackage;
import io.drover.debian.DebianPackages;
import io.drover.debian.DemoImage;
import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import io.drover.vmm.client.VmmSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Devices that come and go under the unmodified Debian kernels, by their own ACPI hot-plug. */
@Tag("lab")
@ExtendWith(EmulatedHost.class)
class GuestHotPlugTest {
    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final Path RUN = Path.of("/run/hot-plug");
    private static final List<String> DRIVERS = List.of("virtio_pci", "virtio_blk", "virtio_net");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"linux-image-cloud-amd64", "linux-image-amd64"})
    void devicesComeAndGo(String kernelPackage, LabHost host) throws Exception {
        Path settings = settings(kernelPackage);
        host.refresh();
        String script = "rm -rf " + RUN + "; mkdir " + RUN + " && cd " + RUN + " && truncate -s 64M second || exit 1\n("
                + VmmProgram.shell(settings) + " > log 2>&1; echo ended $? >> log) &\n" + driver()
                + " control 2>&1; wait; cat log";
        CommandResult ran = host.run(LIMIT, new ShellScript(script));
        String console = host.run(LIMIT, "cat", RUN.resolve("console").toString()).output();
        System.out.println("lab: " + ran.output());
        assertThat(ran.output()).as(console).contains("hot-plug done", "ended 0");
        // A disk that was taken by force has lost what the guest was writing, of which it complains.
        assertThat(KernelWarnings.unexpected(console)).filteredOn(line -> !line.contains("I/O error")).isEmpty();
    }

    private Path settings(String kernelPackage) throws Exception {
        DemoImage image = DemoImage.build(DebianPackages.defaultCache());
        DebianPackage kernel = new DebianPackages(DebianPackages.defaultCache(), ignored -> {}).fetch(kernelPackage,
                path -> path.startsWith("boot/vmlinuz-")
                        || ((path.contains("/virtio") || path.contains("failover")) && path.endsWith(".ko")));
        Path initramfs = new LargerInitramfs(image).modules(kernel, DRIVERS, Cloud.DISK_DRIVERS)
                .write(folder.resolve("initramfs"));
        String vmlinuz = kernel.files().stream().filter(path -> path.startsWith("boot/vmlinuz-")).findFirst()
                .orElseThrow();
        Path settings = folder.resolve("vmm.pb");
        new VmmSettings("hot-plug", "hot-plug", 1, 2, 256 << 20, kernel.file(vmlinuz), Optional.of(initramfs),
                image.commandLine(), RUN.resolve("control"), RUN.resolve("console"), 0, RUN.resolve("exit.pb"), false)
                .withHotPlug().write(settings);
        return settings;
    }

    /** The command that changes the devices. */
    private static String driver() throws Exception {
        String jars;
        try (Stream<Path> all = Files.list(Distribution.home().resolve("lib"))) {
            jars = all.map(Path::toString).filter(jar -> jar.matches(".*/(drover-|protobuf-java-)[^/]*\\.jar"))
                    .collect(Collectors.joining(":"));
        }
        Path classes = Path.of(HotPlugDriver.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        return ShellScript.of(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", "-cp", classes + ":" + jars, HotPlugDriver.class.getName())).text()
                .replaceFirst("^exec ", "").strip();
    }
}
