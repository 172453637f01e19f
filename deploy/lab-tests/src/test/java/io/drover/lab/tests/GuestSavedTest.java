package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.debian.DemoImage;
import io.drover.debian.DebianPackage;
import io.drover.debian.DebianPackages;
import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import io.drover.proto.vmm.v1.Request;
import io.drover.proto.vmm.v1.SaveRequest;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmSettings;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Debian's kernel, saved by one VMM process and gone on with by another, with its disk, its network and its clock. */
@Tag("lab")
@ExtendWith(EmulatedHost.class)
class GuestSavedTest {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final List<String> MODULES = List.of("virtio_pci", "virtio_blk", "virtio-rng", "virtio_net");
    private static final String SAYS = "save-test: ";
    private static final Path RUN = Path.of("/run/guest-saved");
    private static final int TICKS = 30;
    /** The guest's line may be a moment old when the host looks. */
    private static final long CLOCK_TOLERANCE_SECONDS = 3;

    @TempDir
    private Path folder;

    @Test
    void guestGoesOnInAnotherProcess(LabHost host) throws Exception {
        CommandResult made = host.run(LIMIT, new ShellScript("rm -rf " + RUN + "; mkdir " + RUN));
        assertThat(made.succeeded()).as("%s", made).isTrue();
        VmmSettings first = settings();
        Path saved = RUN.resolve("saved");
        VmmSettings second = new VmmSettings(first.vm(), first.uid(), 2, first.vcpus(), first.memoryBytes(),
                first.kernel(), first.initramfs(), first.commandLine(), RUN.resolve("control2"),
                RUN.resolve("console2"), 0, RUN.resolve("exit2.pb"), false).withDevices(first.disks(), true)
                .withNics(first.nics()).withRestore(saved);
        Path request = folder.resolve("request");
        try (OutputStream out = Files.newOutputStream(request)) {
            Request.newBuilder().setId(1).setSave(SaveRequest.newBuilder().setPath(saved.toString())).build()
                    .writeDelimitedTo(out);
        }
        Path script = folder.resolve("saving-host");
        try (InputStream in = GuestSavedTest.class.getResourceAsStream("saving-host")) {
            Files.copy(in, script);
        }
        List<String> words = List.of("bash", script.toString(), RUN.toString(),
                Path.of(System.getProperty("java.home"), "bin", "jwebserver").toString(),
                program("first", VmmProgram.command(write("first.pb", first))),
                request.toString(),
                program("second", VmmProgram.command(write("second.pb", second))));
        host.refresh();

        CommandResult ran = host.run(LIMIT, words.toArray(String[]::new));

        String log = host.run(LIMIT, "cat", RUN + "/log", RUN + "/log2").output();
        String before = host.run(LIMIT, "cat", RUN + "/console").output();
        String after = host.run(LIMIT, "cat", RUN + "/console2").output();
        System.out.println("lab: the guest's console:\n" + before + "lab: and then\n" + after + "lab: the VMMs' logs:\n"
                + log + "lab: " + ran);
        assertThat(ran.output()).as("%s%s%s%s", ran, log, before, after).contains("ended 0");
        // A line may have been half printed.
        List<String> said = (before + after).lines().map(String::strip).filter(line -> line.startsWith(SAYS))
                .map(line -> line.substring(SAYS.length())).toList();
        assertThat(said.stream().filter(line -> line.startsWith("tick ")).map(line -> line.split(" ", -1)[1]))
                .as("no tick lost or doubled")
                .containsExactlyElementsOf(IntStream.rangeClosed(1, TICKS).mapToObj(Integer::toString).toList());
        assertThat(said).contains("before: hello from the host", "disk as written", "after: hello from the host", "done")
                .noneMatch(line -> line.contains("not what it was") || line.contains("failed")
                        || line.contains("is not on the disk"));
        long now = Long.parseLong(ran.output().lines().filter(line -> line.startsWith("now ")).findFirst().orElseThrow()
                .substring(4));
        long guests = Long.parseLong(after.lines().map(String::strip).filter(line -> line.contains(" at "))
                .findFirst().orElseThrow().replaceFirst(".* at ", ""));
        assertThat(guests).as("the guest's date just after").isBetween(now - CLOCK_TOLERANCE_SECONDS,
                now + CLOCK_TOLERANCE_SECONDS);
        assertThat(KernelWarnings.unexpected(before + after)).isEmpty();
    }

    private Path write(String name, VmmSettings settings) throws Exception {
        Path file = folder.resolve(name);
        settings.write(file);
        return file;
    }

    private String program(String name, List<String> command) throws Exception {
        return Files.writeString(folder.resolve(name), ShellScript.of(command).text()).toString();
    }

    private VmmSettings settings() throws Exception {
        DemoImage image = DemoImage.build(DebianPackages.defaultCache());
        DebianPackage kernel = new DebianPackages(DebianPackages.defaultCache(), ignored -> {})
                .fetch("linux-image-cloud-amd64",
                        path -> (path.contains("/virtio") || path.contains("failover")) && path.endsWith(".ko"));
        Path initramfs = new LargerInitramfs(image).modules(kernel, MODULES, LargerInitramfs.MODULES_LOADED)
                .program("etc/rc", "try-saving").write(folder.resolve("initramfs"));
        VmmDisk disk = new VmmDisk(new VmmDisk.File(RUN.resolve("disk"), VmmDisk.Format.RAW), List.of(), false, "",
                VmmDisk.Cache.WRITE_BACK, 0);
        return new VmmSettings("guest-saved", "guest-saved", 1, 2, 256 << 20, image.kernel(), Optional.of(initramfs),
                image.commandLine(), RUN.resolve("control"), RUN.resolve("console"), 0, RUN.resolve("exit.pb"), false)
                .withDevices(List.of(disk), true)
                .withNics(List.of(VmmNic.tap("tap", "52:54:00:00:00:02", "tap0", 2)));
    }
}
