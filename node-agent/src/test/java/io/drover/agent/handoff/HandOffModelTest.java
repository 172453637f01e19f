package io.drover.agent.handoff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has spin search all that can happen in {@code src/test/promela/hand-off.pml}. Needs spin and gcc. {@code -Ddrover.faults=…}
 * searches with more faults than these few seconds allow.
 */
final class HandOffModelTest {
    private static final Logger log = LoggerFactory.getLogger(HandOffModelTest.class);
    private static final Path MODEL = Path.of("src/test/promela/hand-off.pml").toAbsolutePath();
    private static final int FAULTS = Integer.getInteger("drover.faults", 2);
    private static final long PATIENCE_MINUTES = 30;
    private static final Pattern ERRORS = Pattern.compile("errors: (\\d+)");
    private static final Pattern STATES = Pattern.compile("(\\d+) states, stored");

    @TempDir
    Path folder;

    @BeforeAll
    static void spinIsThere() {
        for (String program : List.of("spin", "gcc")) {
            assumeTrue(Stream.of(System.getenv("PATH").split(":", -1))
                    .anyMatch(place -> Files.isExecutable(Path.of(place, program))), program + " is not installed");
        }
    }

    @Test
    void atMostOneRunsAndNothingIsLost() throws Exception {
        Search search = search(0, FAULTS, "once");
        log.info("with {} faults: {} states", FAULTS, search.states());
        assertThat(search.errors()).as(search.output()).isZero();
        assertThat(search.states()).isGreaterThan(100_000);
    }

    @Test
    void whenNoMoreGoesWrongTheGuestRunsOrWasGivenUp() throws Exception {
        Search search = search(0, 1, "settles");
        log.info("with 1 fault, fairly: {} states", search.states());
        assertThat(search.errors()).as(search.output()).isZero();
    }

    @Test
    void theModelComesToWhatItIsAbout() throws Exception {
        for (String claim : List.of("neverMoves", "neverComesBack", "neverIsGivenUp")) {
            assertThat(search(0, 1, claim).errors()).as(claim).isPositive();
        }
    }

    /** The numbers are explained in the model. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void aMistakeIsFound(int mutation) throws Exception {
        assertThat(search(mutation, 1, "once").errors()).isPositive();
    }

    @Test
    void aDestinationThatGivesUpWithoutAWordIsFound() throws Exception {
        assertThat(search(11, 1, "settles").errors()).isPositive();
    }

    /**
     * What a search came to.
     *
     * @param errors how many it found: it ends at the first
     */
    private record Search(int errors, long states, String output) {}

    private Search search(int mutation, int faults, String claim) throws Exception {
        boolean cycles = claim.equals("settles");
        run("spin", "-DMUTATION=" + mutation, "-DFAULTS=" + faults, "-a", MODEL.toString());
        // A mutation is found long before a compiler has optimized the search.
        List<String> compile = new ArrayList<>(
                List.of("gcc", mutation > 0 && !cycles ? "-O0" : "-O1", "-w", "-DMEMLIM=2000",
                        "-DCOLLAPSE", "-o", "pan"));
        // As many processes as take their turns fairly need a counter this wide.
        compile.add(cycles ? "-DNFAIR=4" : "-DSAFETY");
        compile.add("pan.c");
        run(compile.toArray(String[]::new));
        String output = cycles ? run("./pan", "-m1000000", "-a", "-f", "-N", claim)
                : run("./pan", "-m1000000", "-N", claim);
        // What is cut short has proved nothing.
        assertThat(output).doesNotContain("max search depth too small", "out of memory", "memory bound");
        return new Search(Integer.parseInt(found(ERRORS, output)), Long.parseLong(found(STATES, output)), output);
    }

    private static String found(Pattern what, String output) {
        Matcher matcher = what.matcher(output);
        assertThat(matcher.find()).as(output).isTrue();
        return matcher.group(1);
    }

    private String run(String... command) throws IOException, InterruptedException {
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
                .redirectOutput(output.toFile()).start();
        try {
            assertThat(process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        String text = Files.readString(output);
        assertThat(process.exitValue()).as(String.join(" ", command) + "\n" + text).isZero();
        return text;
    }
}
