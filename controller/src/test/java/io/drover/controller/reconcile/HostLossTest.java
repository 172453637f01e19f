package io.drover.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.reconcile.HostLoss.Absence;
import io.drover.controller.record.HostLease;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** When a host is lost, and when it only looks so. */
final class HostLossTest {
    private static final Optional<HostLease> LEASE = Optional
            .of(new HostLease(Duration.ofSeconds(10), Duration.ofSeconds(12)));
    private static final long SECOND = 1_000_000_000L;
    private static final long BEGAN = -7 * SECOND;
    private static final Absence GONE = new Absence(5, BEGAN);

    private static HostLoss judge(List<Absence> all, int hosts, long afterNanos) {
        return HostLoss.judge(Optional.of(GONE), LEASE, all, hosts, BEGAN + afterNanos);
    }

    @Test
    void hostThatIsThereOrGivesNoLeasesIsNotLost() {
        assertThat(HostLoss.judge(Optional.empty(), LEASE, List.of(), 3, 0)).isEqualTo(new HostLoss.None());
        assertThat(HostLoss.judge(Optional.of(GONE), Optional.empty(), List.of(GONE), 3, BEGAN + 3600 * SECOND))
                .isEqualTo(new HostLoss.None());
    }

    @Test
    void hostIsLostOnlyAfterTheWholeWait() {
        assertThat(judge(List.of(GONE), 3, 0)).isEqualTo(new HostLoss.Waiting(Duration.ofSeconds(12)));
        assertThat(judge(List.of(GONE), 3, 12 * SECOND - 1)).isEqualTo(new HostLoss.Waiting(Duration.ofNanos(1)));
        assertThat(judge(List.of(GONE), 3, 12 * SECOND)).isEqualTo(new HostLoss.Lost(5));
    }

    static Stream<Arguments> crowds() {
        return Stream.of(Arguments.of(1, 1, false), Arguments.of(1, 2, false), Arguments.of(2, 2, true),
                Arguments.of(2, 3, true), Arguments.of(2, 5, true), Arguments.of(2, 6, false),
                Arguments.of(2, 7, false), Arguments.of(33, 100, false), Arguments.of(34, 100, true),
                Arguments.of(1667, 5000, true), Arguments.of(1666, 5000, false));
    }

    @ParameterizedTest
    @MethodSource("crowds")
    void moreThanAThirdOfTheHostsAndAtLeastTwoAreTheNetworksFault(int vanished, int hosts, boolean braked) {
        assertThat(judge(Collections.nCopies(vanished, GONE), hosts, 60 * SECOND))
                .isEqualTo(braked ? new HostLoss.Braked(vanished, hosts) : new HostLoss.Lost(5));
    }

    @Test
    void hostsThatVanishedAtOtherTimesDoNotCount() {
        Absence longGone = new Absence(1, BEGAN - 121 * SECOND);
        Absence later = new Absence(1, BEGAN + 121 * SECOND);
        assertThat(judge(List.of(GONE, longGone, later), 3, 200 * SECOND)).isEqualTo(new HostLoss.Lost(5));
        Absence shortlyBefore = new Absence(1, BEGAN - 119 * SECOND);
        assertThat(judge(List.of(GONE, shortlyBefore), 3, 200 * SECOND)).isEqualTo(new HostLoss.Braked(2, 3));
    }
}
