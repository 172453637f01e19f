package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Assumptions;

/** The program {@code steady-load} in a guest, and what it tells on the console: work that nothing may disturb. */
final class SteadyLoad {
    /** In the guest. */
    static final String PATH = "bin/steady-load";
    static final String OVER = "load: over";

    private static final Path COMPILER = Path.of("/usr/bin/gcc");
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Pattern TICK = Pattern.compile("^tick (\\d+)\\s*$", Pattern.MULTILINE);

    private SteadyLoad() {}

    /** Compiles it for any guest, in a folder of this machine. */
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

    /** As a command in the guest, with 16 MiB of the disk and 16 MiB of memory. */
    static String command(HostEcho echo, String disk) {
        return "/" + PATH + " " + echo.address() + " " + echo.port() + " " + disk + " 16 16";
    }

    /** That no tick was lost or came twice, and nothing that was read was wrong. */
    static void assertUndisturbed(String console) {
        List<Long> ticks = TICK.matcher(console).results().map(match -> Long.valueOf(match.group(1))).toList();
        assertThat(ticks).as("ticks on the console").containsExactlyElementsOf(
                LongStream.rangeClosed(1, number(console, "load: ticks (\\d+) in ")).boxed().toList());
        assertThat(number(console, "load: disk wrote (\\d+) read \\d+ wrong 0\\b")).as("blocks").isPositive();
        assertThat(number(console, "load: memory rounds (\\d+) wrong 0\\b")).as("rounds").isPositive();
        assertThat(number(console, "load: connection echoes (\\d+) wrong 0\\b")).as("echoes").isPositive();
    }

    private static long number(String console, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(console);
        assertThat(matcher.find()).as("'%s' on the console:%n%s", pattern, console).isTrue();
        return Long.parseLong(matcher.group(1));
    }
}
