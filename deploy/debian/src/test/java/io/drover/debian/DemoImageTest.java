package io.drover.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Boots the demo image in QEMU with a software CPU, and ends it in every way a guest can end. */
@Tag("lab")
class DemoImageTest {
    private static final Duration BOOT = Duration.ofMinutes(1);
    private static final Duration ANSWER = Duration.ofSeconds(30);

    private static DemoImage image;

    @TempDir
    private Path folder;

    @BeforeAll
    static void build() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/apt-get")),
                "skipped: not a Debian system, apt-get is not installed");
        image = DemoImage.build(DebianPackages.defaultCache());
    }

    private QemuGuest boot(String... arguments) throws IOException {
        assumeTrue(QemuGuest.isInstalled(), "skipped: the package qemu-system-x86 is not installed");
        return QemuGuest.boot(folder, image, List.of(arguments));
    }

    @Test
    void bootsToABannerAndAShellAndPowersOff() throws Exception {
        try (QemuGuest guest = boot("-smp", "2")) {
            String banner = guest.readTo(DemoImage.PROMPT, BOOT);
            guest.type("echo $((6 * 7))-$(uname -r)\n");
            String answer = guest.readTo(DemoImage.PROMPT, ANSWER);
            guest.type("poweroff\n");

            assertThat(banner).containsSubsequence(DemoImage.INIT_LINE, DemoImage.BANNER_LINE, "host name  demo-1",
                    "kernel     Linux " + kernelRelease(), "CPUs       2",
                    "driver     qemu (QEMU, the CPU in software)");
            assertThat(banner).doesNotContain("was not loaded");
            assertThat(answer).contains("42-" + kernelRelease());
            assertThat(guest.waitForEnd(ANSWER)).isEqualTo("guest-shutdown");
        }
    }

    @Test
    void powerButtonPowersOff() throws Exception {
        try (QemuGuest guest = boot()) {
            guest.readTo(DemoImage.PROMPT, BOOT);
            guest.command("system_powerdown");

            assertThat(guest.waitForEnd(ANSWER)).isEqualTo("guest-shutdown");
        }
    }

    @Test
    void rebootResets() throws Exception {
        try (QemuGuest guest = boot()) {
            guest.readTo(DemoImage.PROMPT, BOOT);
            guest.type("reboot\n");

            assertThat(guest.waitForEnd(ANSWER)).isEqualTo("guest-reset");
        }
    }

    @Test
    void panicIsToldToPvpanic() throws Exception {
        try (QemuGuest guest = boot("-device", "pvpanic")) {
            guest.readTo(DemoImage.PROMPT, BOOT);
            guest.type("echo c > /proc/sysrq-trigger\n");

            assertThat(guest.waitForEnd(ANSWER)).isEqualTo("guest-panic");
        }
    }

    @Test
    void sameBytesAgainFromAnotherCache() throws Exception {
        DemoImage again = DemoImage.build(folder.resolve("cache"));

        assertThat(again.initramfsSha256()).isEqualTo(image.initramfsSha256());
        assertThat(again.kernelSha256()).isEqualTo(image.kernelSha256());
        assertThat(again.packages()).isEqualTo(image.packages());
    }

    private static String kernelRelease() {
        return image.kernel().getFileName().toString().substring("vmlinuz-".length());
    }
}
