package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Assumptions;

/** The script {@code at-work} with the program {@code steady-load} in a guest, and what they tell on the console. */
final class SteadyLoad {
    /** The pings that a move may lose: what is on its way to the host that the guest has left. */
    private static final int PINGS_PER_MOVE = 3;
    static final String OVER = "load: over";

    private static final Path COMPILER = Path.of("/usr/bin/gcc");
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Pattern TICK = Pattern.compile("^tick (\\d+)\\s*$", Pattern.MULTILINE);

    private SteadyLoad() {}

    /** Adds it to a guest. */
    static LargerInitramfs addTo(LargerInitramfs initramfs, byte[] program) {
        try {
            return initramfs.program("bin/at-work", "at-work").file("bin/steady-load", program);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Compiles {@code steady-load} for any guest, in a folder of this machine. */
    static byte[] program(Path folder) throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(COMPILER), "skipped: install the packages gcc and libc6-dev");
        Path source = folder.resolve("steady-load.c");
        try (InputStream in = SteadyLoad.class.getResourceAsStream("steady-load.c")) {
            Files.copy(in, source);
        }
        Path program = folder.resolve("steady-load");
        Process compiler = new ProcessBuilder(COMPILER.toString(), "-static", "-O1", "-pthread", "-o",
                program.toString(),
                source.toString()).inheritIO().start();
        assertThat(compiler.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(compiler.exitValue()).isZero();
        return Files.readAllBytes(program);
    }

    /** As a command in the guest, with a disk for blocks and one for files, each of 16 MiB at least. */
    static String command(HostEcho echo, String disk, String fileDisk) {
        return "at-work " + echo.address() + " " + echo.port() + " " + disk + " " + fileDisk;
    }

    /** That no tick was lost or came twice, nothing that was read was wrong, and the network was always there. */
    static void assertUndisturbed(String console, int moves) {
        List<Long> ticks = TICK.matcher(console).results().map(match -> Long.valueOf(match.group(1))).toList();
        assertThat(ticks).as("ticks on the console").containsExactlyElementsOf(
                LongStream.rangeClosed(1, number(console, "load: ticks (\\d+) in ")).boxed().toList());
        assertThat(number(console, "load: disk wrote (\\d+) read \\d+ wrong 0\\b")).as("blocks").isPositive();
        assertThat(number(console, "load: memory rounds (\\d+) wrong 0\\b")).as("rounds").isPositive();
        assertThat(number(console, "load: files (\\d+) wrong 0\\b")).as("files").isPositive();
        long pings = number(console, "load: ping (\\d+) packets transmitted");
        assertThat(number(console, "load: ping \\d+ packets transmitted, (\\d+) packets received, \\d+% packet loss"))
                .as("of %d pings", pings).isBetween(pings - (long) PINGS_PER_MOVE * moves, pings);
        assertThat(number(console, "load: connection echoes (\\d+) wrong 0\\b")).as("echoes").isPositive();
    }

    private static long number(String console, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(console);
        assertThat(matcher.find()).as("'%s' on the console:%n%s", pattern, console).isTrue();
        return Long.parseLong(matcher.group(1));
    }
}
