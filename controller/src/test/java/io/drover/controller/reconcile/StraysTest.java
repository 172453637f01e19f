package io.drover.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.agent.Observation;
import io.drover.controller.record.Desired;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Phase;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is on hosts and should not be. */
final class StraysTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final HostId H1 = new HostId("h1");
    private static final HostId H2 = new HostId("h2");
    private static final RunEnd END = new RunEnd(RunEnd.Cause.KILLED, "", NOW);

    private static Observation seen(String uid, long epoch, boolean ended) {
        return new Observation(new VmId("web-1"), uid, epoch,
                ended ? new Observation.State.Ended(END) : new Observation.State.Running(), "qemu", 0);
    }

    private static Vm ownedByH1() {
        return VmStepsTest.owned(new Desired.Running(), Phase.RUNNING);
    }

    @Test
    void runOfTheOwnerIsInOrder() {
        assertThat(Strays.next(H1, seen("uid-1", 1, false), Optional.of(ownedByH1()))).isEmpty();
        assertThat(Strays.next(H1, seen("uid-1", 1, true), Optional.of(ownedByH1()))).isEmpty();
    }

    @Test
    void runningElsewhereOrUnderAnotherEpochOrUidIsEvicted() {
        assertThat(Strays.next(H2, seen("uid-1", 1, false), Optional.of(ownedByH1())))
                .contains(new VmStep.Evict(H2, seen("uid-1", 1, false)));
        assertThat(Strays.next(H1, seen("uid-1", 9, false), Optional.of(ownedByH1())))
                .contains(new VmStep.Evict(H1, seen("uid-1", 9, false)));
        assertThat(Strays.next(H1, seen("uid-0", 1, false), Optional.of(ownedByH1())))
                .contains(new VmStep.Evict(H1, seen("uid-0", 1, false)));
        assertThat(Strays.next(H1, seen("uid-1", 1, false), Optional.empty()))
                .contains(new VmStep.Evict(H1, seen("uid-1", 1, false)));
    }

    @Test
    void whatEndedIsKeptForItsLogsUntilItRunsElsewhereOrIsDeleted() {
        Vm stopped = ownedByH1().ended(END, 0, Phase.STOPPED, NOW);
        assertThat(Strays.next(H1, seen("uid-1", 1, true), Optional.of(stopped))).isEmpty();
        assertThat(Strays.next(H2, seen("uid-1", 1, true), Optional.of(stopped)))
                .contains(new VmStep.Sweep(H2, seen("uid-1", 1, true)));
        assertThat(Strays.next(H1, seen("uid-1", 1, true), Optional.empty()))
                .contains(new VmStep.Sweep(H1, seen("uid-1", 1, true)));
    }
}
