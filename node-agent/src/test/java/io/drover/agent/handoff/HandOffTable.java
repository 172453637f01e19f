package io.drover.agent.handoff;

import io.drover.scheduler.host.HostId;
import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/** All that can happen to one side of a hand-off, and what comes of it, as text: what comes to nothing is left out. */
final class HandOffTable {
    static final HostId SOURCE = new HostId("source");
    static final HostId DESTINATION = new HostId("destination");
    static final String AT = "destination:4000";
    static final Move M = move("m", 7);
    static final Sight SWITCHING = new Sight(Optional.of(record(7, new Migration.Switching(M, AT))), 3);
    private static final Move LATER = move("n", 8);
    private static final Map<String, HandOffEvent> EVENTS = new LinkedHashMap<>();

    static {
        EVENTS.put("sees PREPARING", seen(record(7, new Migration.Preparing(M, false))));
        EVENTS.put("sees PREPARING, cancelled", seen(record(7, new Migration.Preparing(M, true))));
        EVENTS.put("sees COPYING", seen(record(7, new Migration.Copying(M, AT, false))));
        EVENTS.put("sees COPYING, cancelled", seen(record(7, new Migration.Copying(M, AT, true))));
        EVENTS.put("sees SWITCHING", new HandOffEvent.Seen(SWITCHING));
        EVENTS.put("sees COMMITTED", seen(new Hold(Hold.of(DESTINATION, 8).owner(), 8, new Migration.Committed(M))));
        EVENTS.put("sees destination 8", seen(Hold.of(DESTINATION, 8)));
        EVENTS.put("sees FAILED, source 7", seen(record(7, new Migration.Failed(M, "why"))));
        EVENTS.put("sees FAILED, source 8", seen(record(8, new Migration.Failed(M, "why"))));
        EVENTS.put("sees another migration, source 8", seen(record(8, new Migration.Preparing(LATER, false))));
        EVENTS.put("sees no owner", seen(new Hold(Optional.empty(), 8, new Migration.Failed(M, "why"))));
        EVENTS.put("sees no record", new HandOffEvent.Seen(new Sight(Optional.empty(), 0)));
        EVENTS.put("record may have changed", new HandOffEvent.RecordMayHaveChanged());
        EVENTS.put("write lost", new HandOffEvent.WriteLost());
        EVENTS.put("write unanswered", new HandOffEvent.WriteUnanswered());
        EVENTS.put("unreadable", new HandOffEvent.Unreadable());
        for (Alarm alarm : Alarm.values()) {
            EVENTS.put("alarm " + alarm, new HandOffEvent.Woken(alarm));
        }
        EVENTS.put("listening", new HandOffEvent.Listening(AT));
        EVENTS.put("converged", new HandOffEvent.Converged());
        EVENTS.put("complete", new HandOffEvent.Complete());
        EVENTS.put("stream broken", new HandOffEvent.StreamBroken("cut"));
        EVENTS.put("machine gone", new HandOffEvent.MachineGone("killed"));
    }

    private HandOffTable() {}

    private static Move move(String id, long epoch) {
        return new Move(id, SOURCE, DESTINATION, epoch, MoveOptions.AUTO, 0);
    }

    static Hold record(long epoch, Migration migration) {
        return new Hold(Hold.of(SOURCE, epoch).owner(), epoch, migration);
    }

    private static HandOffEvent seen(Hold hold) {
        return new HandOffEvent.Seen(new Sight(Optional.of(hold), 3));
    }

    /** One line for each event that changes the state or has something done. */
    static String of(Map<String, ? extends HandOff> states) {
        StringBuilder lines = new StringBuilder();
        states.forEach((name, state) -> {
            lines.append(name).append('\n');
            EVENTS.forEach((event, happened) -> {
                HandOff.Step step = state.after(happened);
                if (!step.next().equals(state) || !step.actions().isEmpty()) {
                    lines.append("  ").append(event).append(": ").append(named(step.next(), state, states))
                            .append(step.actions().stream().map(HandOffTable::named)
                                    .collect(Collectors.joining(", ", " [", "]")))
                            .append('\n');
                }
            });
        });
        return lines.toString();
    }

    /** The table as it was looked through, in the resources beside this class. */
    static String expected(String name) throws IOException {
        try (InputStream table = HandOffTable.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(table, name).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String named(HandOff next, HandOff before, Map<String, ? extends HandOff> states) {
        return next.equals(before) ? "="
                : states.entrySet().stream().filter(entry -> entry.getValue().equals(next)).map(Map.Entry::getKey)
                        .findFirst().orElseGet(() -> shown(next));
    }

    private static String shown(HandOff state) {
        return switch (state) {
            case SourceHandOff.Withdrawing(Move _, String why, SourceHandOff.Here here) ->
                "Withdrawing(" + why + (here.alive() ? "" : "; no machine") + (here.claimed() ? "; claimed)" : ")");
            case SourceHandOff.Switching(Move _, boolean alive) -> alive ? "Switching" : "Switching(no machine)";
            case SourceHandOff.Awaiting(Move _, SourceHandOff.Here here) -> "Awaiting(" + here + ")";
            case SourceHandOff.Kept(Move _, long epoch) -> "Kept(" + epoch + ")";
            case SourceHandOff.Ended(Move _, long epoch) -> "Ended(" + epoch + ")";
            case DestinationHandOff.Arrived(Move _, long epoch) -> "Arrived(" + epoch + ")";
            case DestinationHandOff.Ended(Move _, long epoch) -> "Ended(" + epoch + ")";
            case DestinationHandOff.GivingUp(Move _, String why, DestinationHandOff.Here here) ->
                "GivingUp(" + why + (here.claimed() ? "; claimed)" : ")");
            case DestinationHandOff.Receiving(Move _, Optional<Sight> switching) ->
                switching.isPresent() ? "Receiving(switching)" : "Receiving";
            case DestinationHandOff.Returned(Move _, DestinationHandOff.Here here) ->
                "Returned(" + here.machine().getClass().getSimpleName() + (here.claimed() ? "; claimed)" : ")");
            default -> state.getClass().getSimpleName();
        };
    }

    private static String named(HandOffAction action) {
        return switch (action) {
            case HandOffAction.Write(Hold next, int version) -> "Write v" + version + " "
                    + next.owner().map(owner -> owner.host() + " " + owner.epoch()).orElse("no owner") + " "
                    + next.migration().getClass().getSimpleName().toUpperCase(Locale.ROOT);
            case HandOffAction.Keep(HandOffNote note) -> note.claimed() ? "Keep claimed" : "Keep";
            case HandOffAction.Resume(long epoch) -> "Resume " + epoch;
            case HandOffAction.Wake(Alarm alarm) -> "Wake " + alarm;
            default -> action.getClass().getSimpleName();
        };
    }
}
