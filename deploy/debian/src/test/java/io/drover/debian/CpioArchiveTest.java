package io.drover.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpioArchiveTest {
    @TempDir
    private Path folder;

    private static byte[] bytes(CpioArchive archive) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        archive.writeTo(out);
        return out.toByteArray();
    }

    @Test
    void cpioListsWhatWasAdded() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/cpio")), "skipped: the package cpio is not installed");
        CpioArchive archive = new CpioArchive().file("etc/greeting", 0640, "hello")
                .symbolicLink("etc/other", "greeting")
                .characterDevice("dev/console", 0600, 5, 1).directory("tmp", 01777).file("empty", 0444, new byte[0]);
        Path file = Files.write(folder.resolve("x.cpio"), bytes(archive));

        List<String> lines = cpio("-tvn", file);

        assertThat(lines.stream().map(line -> line.replaceAll("\\s+", " "))).containsExactly(
                "drwxr-xr-x 2 0 0 0 Jan 1 1970 dev", "crw------- 1 0 0 5, 1 Jan 1 1970 dev/console",
                "-r--r--r-- 1 0 0 0 Jan 1 1970 empty", "drwxr-xr-x 2 0 0 0 Jan 1 1970 etc",
                "-rw-r----- 1 0 0 5 Jan 1 1970 etc/greeting", "lrwxrwxrwx 1 0 0 8 Jan 1 1970 etc/other -> greeting",
                "drwxrwxrwt 2 0 0 0 Jan 1 1970 tmp");
    }

    @Test
    void cpioUnpacksTheSameBytes() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/cpio")), "skipped: the package cpio is not installed");
        CpioArchive archive = new CpioArchive();
        for (int size = 0; size < 9; size++) {
            archive.file("file".repeat(size + 1).substring(size), 0644, "123456789".substring(0, size));
        }
        Path file = Files.write(folder.resolve("x.cpio"), bytes(archive));

        cpio("-i", file);

        for (int size = 0; size < 9; size++) {
            assertThat(folder.resolve("file".repeat(size + 1).substring(size)))
                    .hasContent("123456789".substring(0, size));
        }
    }

    private List<String> cpio(String option, Path archive) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("cpio", option, "--quiet").directory(folder.toFile())
                .redirectInput(archive.toFile());
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("TZ", "UTC");
        Process cpio = builder.redirectErrorStream(true).start();
        String output = new String(cpio.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(cpio.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(cpio.exitValue()).as(output).isZero();
        return output.lines().toList();
    }

    @Test
    void orderOfAddingDoesNotMatter() throws IOException {
        byte[] one = bytes(new CpioArchive().file("a/b", 0644, "x").directory("a", 0700));
        byte[] other = bytes(new CpioArchive().directory("a", 0700).file("a/b", 0644, "x"));

        assertThat(one).isEqualTo(other);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "TRAILER!!!", "a\0b"})
    void oddPathIsRefused(String path) {
        assertThatThrownBy(() -> new CpioArchive().file(path, 0644, "x")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected: a relative path");
    }

    @Test
    void sameFileTwiceIsRefused() {
        CpioArchive archive = new CpioArchive().file("a", 0644, "x");

        assertThatThrownBy(() -> archive.file("a", 0644, "y")).hasMessageContaining("added twice");
        assertThatThrownBy(() -> archive.file("a/b", 0644, "y")).hasMessageContaining("not a directory");
    }
}
