package io.drover.scheduler.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.drover.scheduler.host.HostId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

final class HoldTest {
    private static final HostId SOURCE = new HostId("source");
    private static final HostId DESTINATION = new HostId("destination");
    private static final String AT = "destination:4000";
    private static final Move M = move("m", 7);
    private static final Move N = move("n", 7);

    private static final Map<String, Hold> STATES = new LinkedHashMap<>();
    private static final Map<String, HoldEvent> EVENTS = new LinkedHashMap<>();

    static {
        Hold owned = Hold.of(SOURCE, 7);
        STATES.put("free", Hold.FREE);
        STATES.put("owned", owned);
        STATES.put("preparing", with(owned, new Migration.Preparing(M, false)));
        STATES.put("preparing!", with(owned, new Migration.Preparing(M, true)));
        STATES.put("copying", with(owned, new Migration.Copying(M, AT, false)));
        STATES.put("copying!", with(owned, new Migration.Copying(M, AT, true)));
        STATES.put("switching", with(owned, new Migration.Switching(M, AT)));
        STATES.put("committed", with(Hold.of(DESTINATION, 8), new Migration.Committed(M)));
        STATES.put("failed", with(owned, new Migration.Failed(M, "why")));
        STATES.put("failed+1", with(Hold.of(SOURCE, 8), new Migration.Failed(M, "why")));
        STATES.put("ended", new Hold(Optional.empty(), 7, new Migration.Failed(M, "the VM's run has ended")));

        EVENTS.put("begin", new HoldEvent.Begin(M));
        EVENTS.put("cancel", new HoldEvent.AskCancel("m"));
        EVENTS.put("listen", new HoldEvent.Listen("m", AT));
        EVENTS.put("switch", new HoldEvent.Switch("m"));
        EVENTS.put("commit", new HoldEvent.Commit("m"));
        EVENTS.put("abort", new HoldEvent.Abort("m", "why"));
        EVENTS.put("abandon", new HoldEvent.Abandon("m", "why"));
        EVENTS.put("endRun", new HoldEvent.EndRun(7));
        EVENTS.put("away s", new HoldEvent.TakeAway(Set.of(SOURCE)));
        EVENTS.put("away d", new HoldEvent.TakeAway(Set.of(DESTINATION)));
        EVENTS.put("away sd", new HoldEvent.TakeAway(Set.of(SOURCE, DESTINATION)));
        EVENTS.put("place", new HoldEvent.Place(DESTINATION));
    }

    private static Move move(String id, long epoch) {
        return new Move(id, SOURCE, DESTINATION, epoch, MoveOptions.AUTO, 1_000);
    }

    private static Hold with(Hold hold, Migration migration) {
        return new Hold(hold.owner(), hold.lastEpoch(), migration);
    }

    /**
     * Rows: what the record says; "!": a cancel was asked for. Columns: events. A cell is the state that follows, "free" with the
     * last epoch where no host is the owner, or the reason of a refusal.
     */
    private static List<String> table() throws IOException {
        try (InputStream table = HoldTest.class.getResourceAsStream("hold.txt")) {
            return new String(Objects.requireNonNull(table).readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    @Test
    void everyStateMeetsEveryEventAsInTheTable() throws IOException {
        List<String> lines = table();
        List<String> events = cells(lines.getFirst());
        assertThat(events.subList(1, events.size())).containsExactlyElementsOf(EVENTS.keySet());
        assertThat(lines.stream().skip(1).map(line -> cells(line).getFirst()))
                .containsExactlyElementsOf(STATES.keySet());
        for (String line : lines.subList(1, lines.size())) {
            List<String> row = cells(line);
            for (int column = 1; column < row.size(); column++) {
                Change change = STATES.get(row.getFirst()).after(EVENTS.get(events.get(column)));
                assertThat(named(change, row.get(column))).as(row.getFirst() + " after " + events.get(column))
                        .isEqualTo(row.get(column));
            }
        }
    }

    private static List<String> cells(String line) {
        return Arrays.stream(line.split("\\|")).map(String::strip).toList();
    }

    /** The change in the words of the table; several states may be equal, so the expected one is tried first. */
    private static String named(Change change, String expected) {
        return switch (change) {
            case Change.Refused(Change.Reason reason, String _) -> reason.name();
            case Change.To(Hold next) when next.equals(STATES.get(expected)) -> expected;
            case Change.To(Hold next) -> next.owner().map(owner -> owner.host().name()).orElse("none") + " "
                    + next.lastEpoch() + switch (next.migration()) {
                        case Migration.Failed _ when next.owner().isEmpty() -> " F";
                        case Migration.Committed _ when next.owner().isEmpty() -> " C";
                        default -> "";
                    };
        };
    }

    @Test
    void whatIsMeantForAnotherMigrationChangesNothing() {
        for (String state : List.of("preparing", "copying", "switching")) {
            for (HoldEvent event : List.of(new HoldEvent.AskCancel("n"), new HoldEvent.Listen("n", AT),
                    new HoldEvent.Switch("n"), new HoldEvent.Commit("n"), new HoldEvent.Abort("n", ""),
                    new HoldEvent.Abandon("n", ""))) {
                assertThat(STATES.get(state).after(event)).as(state + " after " + event).isInstanceOfSatisfying(
                        Change.Refused.class,
                        refused -> assertThat(refused.reason()).isEqualTo(Change.Reason.OTHER_MIGRATION));
            }
        }
    }

    @Test
    void everyEventHasOneWriter() {
        assertThat(EVENTS.values().stream().map(HoldEvent::writer).distinct())
                .containsExactlyInAnyOrderElementsOf(EnumSet.allOf(HoldEvent.Writer.class));
        assertThat(new HoldEvent.Switch("m").writer()).isEqualTo(HoldEvent.Writer.SOURCE);
        assertThat(new HoldEvent.Commit("m").writer()).isEqualTo(HoldEvent.Writer.DESTINATION);
        assertThat(new HoldEvent.Begin(M).writer()).isEqualTo(HoldEvent.Writer.CONTROLLER);
    }

    @Test
    void aMoveOfAnotherEpochDoesNotBegin() {
        assertThat(Hold.of(SOURCE, 8).after(new HoldEvent.Begin(M))).isInstanceOfSatisfying(Change.Refused.class,
                refused -> assertThat(refused.why()).isEqualTo("the VM's owner is host source with epoch 8"));
    }

    @Test
    void aMoveToWhereTheGuestIsIsNone() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Move("m", SOURCE, SOURCE, 7, MoveOptions.AUTO, 0))
                .withMessageContaining("destination : source");
    }

    @Test
    void aMigrationUnderWayWithAnotherOwnerIsNoRecord() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> with(Hold.of(DESTINATION, 8), new Migration.Copying(N, AT, false)))
                .withMessageContaining("expected: the source of migration n");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Hold(Hold.of(SOURCE, 7).owner(), 6, new Migration.None()))
                .withMessageContaining("last epoch : 6");
    }

    /** Whatever comes, in whatever order: an epoch is given once, and a host that loses a VM loses it for good. */
    @Property
    void anEpochIsGivenOnce(@ForAll("events") List<HoldEvent> events) {
        Hold hold = Hold.of(SOURCE, 7);
        Map<Long, HostId> given = new LinkedHashMap<>(Map.of(7L, SOURCE));
        for (HoldEvent event : events) {
            if (hold.after(event) instanceof Change.To(Hold next)) {
                assertThat(next.lastEpoch()).isGreaterThanOrEqualTo(hold.lastEpoch());
                if (!next.owner().equals(hold.owner()) && next.owner().isPresent()) {
                    Owner owner = next.owner().get();
                    assertThat(owner.epoch()).isGreaterThan(hold.lastEpoch());
                    assertThat(given.put(owner.epoch(), owner.host())).isNull();
                }
                hold = next;
            }
        }
    }

    @Provide
    Arbitrary<List<HoldEvent>> events() {
        Arbitrary<HoldEvent> later = Arbitraries.longs().between(7, 12)
                .map(epoch -> new HoldEvent.Begin(move("m", epoch)));
        Arbitrary<HoldEvent> ends = Arbitraries.longs().between(7, 12).map(HoldEvent.EndRun::new);
        return Arbitraries.oneOf(Arbitraries.of(EVENTS.values()), later, ends).list().ofMaxSize(40);
    }
}
