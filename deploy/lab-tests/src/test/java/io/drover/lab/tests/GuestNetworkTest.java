package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.debian.DebianPackage;
import io.drover.debian.DebianPackages;
import io.drover.debian.DemoImage;
import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmSettings;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The unmodified Debian cloud kernel on our network device: a tap with two pairs of queues, in a bridge of the host's. */
@Tag("lab")
@ExtendWith(EmulatedHost.class)
class GuestNetworkTest {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final List<String> MODULES = List.of("virtio_pci", "virtio_net");
    private static final String SAYS = "network-test: ";
    private static final Path RUN = Path.of("/run/guest-network");
    private static final int BULK_MEBIBYTES = 8;

    @TempDir
    private Path folder;

    @Test
    void guestFetchesFromTheHostAndServesIt(LabHost host) throws Exception {
        Path script = folder.resolve("network-host");
        try (InputStream in = GuestNetworkTest.class.getResourceAsStream("network-host")) {
            Files.copy(in, script);
        }
        List<String> words = new ArrayList<>(List.of("bash", script.toString(), RUN.toString(),
                Integer.toString(BULK_MEBIBYTES),
                Path.of(System.getProperty("java.home"), "bin", "jwebserver").toString()));
        words.addAll(VmmProgram.command(settings()));
        host.refresh();

        CommandResult ran = host.run(LIMIT, words.toArray(String[]::new));

        String log = host.run(LIMIT, "cat", RUN.resolve("log").toString()).output();
        String console = host.run(LIMIT, "cat", RUN.resolve("console").toString()).output();
        System.out.println("lab: the guest's console:\n" + console + "lab: the VMM's log:\n" + log);
        assertThat(ran.output()).as("%s%s%s", ran, log, console).contains("ended 0");
        List<String> said = console.lines().map(String::strip).filter(line -> line.startsWith(SAYS))
                .map(line -> line.substring(SAYS.length())).toList();
        List<String> hostSaid = ran.output().lines().toList();
        assertThat(said).contains("eth0 mac 52:54:00:00:00:02 mtu 1500 queues 2", "carrier 1",
                "page hello from the host", "fetched " + value(hostSaid, "bulk"), "done");
        assertThat(value(hostSaid, "fetched")).as("what the host fetched").isEqualTo(value(said, "serves"));
        assertThat(KernelWarnings.unexpected(console)).isEmpty();
    }

    private Path settings() throws Exception {
        DemoImage image = DemoImage.build(DebianPackages.defaultCache());
        DebianPackage kernel = new DebianPackages(DebianPackages.defaultCache(), ignored -> {})
                .fetch("linux-image-cloud-amd64",
                        path -> (path.contains("/virtio") || path.contains("failover")) && path.endsWith(".ko"));
        Path initramfs = new LargerInitramfs(image).modules(kernel, MODULES, LargerInitramfs.MODULES_LOADED)
                .program("etc/rc", "try-network").write(folder.resolve("initramfs"));
        Path settings = folder.resolve("vmm.pb");
        new VmmSettings("guest-network", "guest-network", 1, 2, 256 << 20, image.kernel(), Optional.of(initramfs),
                image.commandLine(), RUN.resolve("control"), RUN.resolve("console"), 0, RUN.resolve("exit.pb"), false)
                .withNics(List.of(VmmNic.tap("tap", "52:54:00:00:00:02", "tap0", 2))).write(settings);
        return settings;
    }

    private static String value(List<String> said, String what) {
        return said.stream().filter(line -> line.startsWith(what + " ")).findFirst().orElseThrow()
                .substring(what.length() + 1);
    }
}
