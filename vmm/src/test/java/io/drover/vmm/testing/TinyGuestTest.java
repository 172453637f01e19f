package io.drover.vmm.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The guest under QEMU in software: what the tests of both drivers count on. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TinyGuestTest {
    private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");

    @TempDir
    private Path folder;

    private Process qemu;

    @BeforeEach
    void start() throws IOException {
        assumeTrue(Files.isExecutable(QEMU), QEMU + " is missing: install qemu-system-x86");
        Path kernel = Files.write(folder.resolve("guest.elf"), TinyGuest.withBanner("hello from a tiny guest").elf());
        qemu = new ProcessBuilder(QEMU.toString(), "-M", "q35", "-accel", "tcg", "-m", "32", "-display", "none",
                "-nodefaults", "-no-reboot", "-serial", "stdio", "-device", "pvpanic", "-action", "panic=none", "-qmp",
                "unix:" + folder.resolve("qmp") + ",server=on,wait=off", "-kernel", kernel.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        readUntil("hello from a tiny guest\r\n");
    }

    @AfterEach
    void end() {
        if (qemu != null) {
            qemu.destroyForcibly();
        }
    }

    @Test
    void linesAreEchoedAndPowerOffEndsTheMachine() throws Exception {
        type("help me\n");
        readUntil("help me\r\n");
        assertThat(reasonOfShutdownAfter(TinyGuest.POWER_OFF)).isEqualTo("guest-shutdown");
    }

    @Test
    void rebootResets() throws Exception {
        assertThat(reasonOfShutdownAfter(TinyGuest.REBOOT)).isEqualTo("guest-reset");
    }

    @Test
    void tripleFaultResets() throws Exception {
        assertThat(reasonOfShutdownAfter(TinyGuest.TRIPLE_FAULT)).isEqualTo("guest-reset");
    }

    @Test
    void burstArrivesWhole() throws Exception {
        type(TinyGuest.BURST);
        readUntil("b\r\n");
        assertThat(new String(qemu.getInputStream().readNBytes(TinyGuest.BURST_BYTES), StandardCharsets.US_ASCII))
                .isEqualTo(TinyGuest.burst());
        assertThat(reasonOfShutdownAfter(TinyGuest.POWER_OFF)).isEqualTo("guest-shutdown");
    }

    @Test
    void panicIsReported() throws Exception {
        try (Qmp qmp = new Qmp()) {
            type(TinyGuest.PANIC);
            qmp.awaitLineWith("\"GUEST_PANICKED\"");
        }
    }

    @Test
    void powerButtonIsIgnoredOrHeededAsTold() throws Exception {
        try (Qmp qmp = new Qmp()) {
            type(TinyGuest.TOGGLE_BUTTON);
            readUntil(TinyGuest.IGNORING + "\r\n");
            qmp.send("{\"execute\":\"system_powerdown\"}");
            qmp.awaitLineWith("\"POWERDOWN\"");
            type("still here\n");
            readUntil("still here\r\n");

            type(TinyGuest.TOGGLE_BUTTON);
            readUntil(TinyGuest.HEEDING + "\r\n");
            qmp.send("{\"execute\":\"system_powerdown\"}");
            qmp.awaitLineWith("\"guest-shutdown\"");
        }
        assertThat(qemu.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void haltAndSpinAnswerNoMore() throws Exception {
        for (String command : List.of(TinyGuest.HALT, TinyGuest.SPIN)) {
            if (!qemu.isAlive()) {
                start();
            }
            try (Qmp qmp = new Qmp()) {
                type(command);
                readUntil("\r\n");
                qmp.send("{\"execute\":\"system_powerdown\"}");
                qmp.awaitLineWith("\"POWERDOWN\"");
                type("?");
                qmp.send("{\"execute\":\"query-status\"}");
                qmp.awaitLineWith("\"running\"");
                assertThat(qemu.getInputStream().available()).isZero();
            }
            qemu.destroyForcibly();
            assertThat(qemu.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    private void type(String text) throws IOException {
        qemu.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        qemu.getOutputStream().flush();
    }

    private void readUntil(String end) throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream console = qemu.getInputStream();
        while (text.indexOf(end) < 0) {
            int next = console.read();
            assertThat(next).as("console ended after: %s", text).isNotNegative();
            text.append((char) next);
        }
    }

    /** As QEMU says it on its way out. */
    private String reasonOfShutdownAfter(String command) throws IOException {
        try (Qmp qmp = new Qmp()) {
            type(command);
            String line = qmp.awaitLineWith("\"SHUTDOWN\"");
            return line.replaceAll(".*\"reason\": \"([a-z-]+)\".*", "$1");
        }
    }

    private final class Qmp implements AutoCloseable {
        private final SocketChannel channel;
        private final BufferedReader reader;

        Qmp() throws IOException {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(folder.resolve("qmp")));
            reader = new BufferedReader(
                    new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.US_ASCII));
            send("{\"execute\":\"qmp_capabilities\"}");
            awaitLineWith("\"return\"");
        }

        void send(String command) throws IOException {
            channel.write(StandardCharsets.US_ASCII.encode(command + "\n"));
        }

        String awaitLineWith(String text) throws IOException {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.contains(text)) {
                    return line;
                }
            }
            throw new IOException("QMP ended before " + text);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
