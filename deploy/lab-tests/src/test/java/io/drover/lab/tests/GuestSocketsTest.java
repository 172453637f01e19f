package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.debian.DebianPackage;
import io.drover.debian.DebianPackages;
import io.drover.debian.DemoImage;
import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.vmm.client.VmmConsole;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmVsock;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The unmodified Debian cloud kernel on our socket and console devices. */
@Tag("lab")
@ExtendWith(EmulatedHost.class)
class GuestSocketsTest {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final List<String> MODULES = List.of("virtio_pci", "vmw_vsock_virtio_transport", "virtio_console");
    private static final String SAYS = "sockets-test: ";
    private static final Path RUN = Path.of("/run/guest-sockets");
    private static final Path COMPILER = Path.of("/usr/bin/gcc");
    private static final int ECHO_MEBIBYTES = 1;

    @TempDir
    private Path folder;

    @Test
    void guestAndHostTalkOverSocketsConsoleAndPort(LabHost host) throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(COMPILER), "skipped: install the packages gcc and libc6-dev");
        Path script = resource("sockets-host");
        List<String> words = new ArrayList<>(List.of("bash", script.toString(), RUN.toString(),
                Integer.toString(ECHO_MEBIBYTES)));
        words.addAll(VmmProgram.command(settings()));
        host.refresh();

        CommandResult ran = host.run(LIMIT, words.toArray(String[]::new));

        String log = host.run(LIMIT, "cat", RUN.resolve("log").toString()).output();
        String console = host.run(LIMIT, "cat", RUN.resolve("console").toString()).output();
        System.out.println("lab: the guest's console:\n" + console + "lab: the VMM's log:\n" + log + ran.output());
        assertThat(ran.output()).as("%s%s%s", ran, log, console)
                .contains("ended 0", "connect OK 1073741824", "echoed " + (ECHO_MEBIBYTES << 20) + " wrong 0",
                        "port pong ping");
        List<String> said = console.lines().map(String::strip).filter(line -> line.startsWith(SAYS))
                .map(line -> line.substring(SAYS.length())).toList();
        assertThat(said).containsSubsequence("on the serial port", "port drover.test.0",
                "asked host heard hello from the guest", "refused connect: Connection reset by peer", "ready",
                "typed typed by the host", "served 0", "done");
        assertThat(KernelWarnings.unexpected(console)).isEmpty();
    }

    private Path resource(String name) throws Exception {
        Path file = folder.resolve(name);
        try (InputStream in = GuestSocketsTest.class.getResourceAsStream(name)) {
            Files.copy(in, file);
        }
        return file;
    }

    private Path settings() throws Exception {
        Path program = folder.resolve("vsock-try");
        Process compiler = new ProcessBuilder(COMPILER.toString(), "-static", "-O1", "-o", program.toString(),
                resource("vsock-try.c").toString()).inheritIO().start();
        assertThat(compiler.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(compiler.exitValue()).isZero();
        DemoImage image = DemoImage.build(DebianPackages.defaultCache());
        DebianPackage kernel = new DebianPackages(DebianPackages.defaultCache(), ignored -> {})
                .fetch("linux-image-cloud-amd64", path -> (path.contains("/virtio") || path.contains("vsock"))
                        && path.endsWith(".ko"));
        Path initramfs = new LargerInitramfs(image).modules(kernel, MODULES, LargerInitramfs.MODULES_LOADED)
                .program("etc/rc", "try-sockets").file("bin/vsock-try", Files.readAllBytes(program))
                .write(folder.resolve("initramfs"));
        Path settings = folder.resolve("vmm.pb");
        new VmmSettings("guest-sockets", "guest-sockets", 1, 2, 256 << 20, image.kernel(), Optional.of(initramfs),
                image.commandLine(), RUN.resolve("control"), RUN.resolve("console"), 0, RUN.resolve("exit.pb"), false)
                .withVsock(new VmmVsock(RUN.resolve("vsock"), 0))
                .withConsole(new VmmConsole(true, List.of(new VmmConsole.Port("drover.test.0", RUN.resolve("port")))))
                .write(settings);
        return settings;
    }
}
