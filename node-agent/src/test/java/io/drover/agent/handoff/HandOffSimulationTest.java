package io.drover.agent.handoff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import ch.qos.logback.classic.Level;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hand-off's own code in a simulated cloud. A run that breaks a rule prints its seed and what happened;
 * {@code -Ddrover.seed=…} repeats it alone, {@code -Ddrover.runs=…} makes more or fewer of them.
 */
final class HandOffSimulationTest {
    private static final Logger log = LoggerFactory.getLogger(HandOffSimulationTest.class);
    private static final long FIRST_SEED = 1;
    private static final int RUNS = Integer.getInteger("drover.runs", 10_000);
    private static final int RUNS_TO_FIND_A_MUTATION = 3_000;

    @BeforeAll
    static void tenThousandHandOffsNeedNoLog() {
        if (LoggerFactory.getLogger(HandOffRun.class) instanceof ch.qos.logback.classic.Logger runs) {
            runs.setLevel(Level.WARN);
        }
    }

    @Test
    void withAFaultAtAnyStepTheVmNeverRunsTwiceAndIsNeverLost() {
        OptionalLong one = Optional.ofNullable(System.getProperty("drover.seed")).map(Long::parseLong)
                .map(OptionalLong::of).orElse(OptionalLong.empty());
        if (one.isPresent()) {
            failing(one.getAsLong(), Mutation.NONE).ifPresent(message -> fail(message));
            return;
        }
        Map<Cloud.Outcome, Integer> outcomes = new EnumMap<>(Cloud.Outcome.class);
        Set<Fault> happened = EnumSet.noneOf(Fault.class);
        for (long seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
            Cloud cloud = new Cloud(seed, Mutation.NONE, false);
            try {
                outcomes.merge(cloud.run(), 1, Integer::sum);
            } catch (RuntimeException e) {
                fail(failing(seed, Mutation.NONE).orElse("seed " + seed + " fails once only: " + e));
            }
            happened.addAll(cloud.faults());
        }
        log.info("{} runs: {}", RUNS, outcomes);
        assertThat(outcomes.keySet()).containsExactlyInAnyOrder(Cloud.Outcome.values());
        assertThat(happened).containsExactlyInAnyOrder(Fault.values());
    }

    @ParameterizedTest
    @EnumSource(value = Mutation.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aMistakeInTheRulesIsFound(Mutation mutation) {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + RUNS_TO_FIND_A_MUTATION; seed++) {
            try {
                Cloud.Outcome _ = new Cloud(seed, mutation, false).run();
            } catch (Cloud.BrokenRuleException found) {
                log.info("{}: found by seed {}: {}", mutation, seed, found.getMessage());
                return;
            } catch (Cloud.EndlessException e) {
                log.debug("{}: seed {}", mutation, seed, e);
            }
        }
        fail(mutation + " is not found in " + RUNS_TO_FIND_A_MUTATION + " runs");
    }

    @Test
    void aSeedRepeatsItsRunToTheLetter() {
        assertThat(traced(4711)).isEqualTo(traced(4711)).isNotEmpty();
    }

    private static String traced(long seed) {
        Cloud cloud = new Cloud(seed, Mutation.NONE, true);
        Cloud.Outcome outcome = cloud.run();
        return String.join("\n", cloud.trace()) + outcome;
    }

    /** What to print of a run that breaks a rule; empty when it breaks none. */
    private static Optional<String> failing(long seed, Mutation mutation) {
        Cloud cloud = new Cloud(seed, mutation, true);
        try {
            Cloud.Outcome _ = cloud.run();
            return Optional.empty();
        } catch (RuntimeException e) {
            return Optional.of("seed " + seed + " (repeat it with -Ddrover.seed=" + seed + "): " + e + "\n"
                    + cloud.trace().stream().collect(Collectors.joining("\n")));
        }
    }
}
