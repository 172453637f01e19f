package io.drover.cli.migration;

import com.google.protobuf.util.Durations;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.output.Column;
import io.drover.cli.output.Detail;
import io.drover.cli.output.Emphasis;
import io.drover.cli.output.Kind;
import io.drover.cli.output.Quantity;
import io.drover.proto.v1.Migration;
import io.drover.proto.v1.MigrationOptions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

/** How migrations are shown. */
public final class MigrationKind {
    private MigrationKind() {}

    public static Kind<Migration> at(Clock clock) {
        return new Kind<>("migrations", Migration::getName,
                List.of(Column.of("NAME", migration -> ResourceNames.MIGRATION.id(migration.getName())),
                        Column.of("VM", migration -> ResourceNames.VM.id(migration.getVm())),
                        Column.of("FROM", migration -> ResourceNames.HOST.id(migration.getSource())),
                        Column.of("TO", migration -> ResourceNames.HOST.id(migration.getDestination())),
                        new Column<>("STATE", migration -> migration.getState().name(), MigrationKind::emphasis),
                        Column.of("AGE", migration -> Quantity.age(migration.getStartTime(), clock)),
                        Column.of("DOWNTIME", MigrationKind::downtime),
                        new Column<>("MESSAGE", Migration::getMessage, migration -> Emphasis.FAINT)),
                MigrationKind::details);
    }

    private static String downtime(Migration migration) {
        return migration.getReport().hasDowntime()
                ? Quantity.fine(Duration.ofNanos(Durations.toNanos(migration.getReport().getDowntime().getTotal())))
                : "";
    }

    private static Emphasis emphasis(Migration migration) {
        return switch (migration.getState()) {
            case PREPARING, COPYING, SWITCHING -> Emphasis.WARNING;
            case SUCCEEDED -> Emphasis.GOOD;
            case FAILED -> Emphasis.BAD;
            case STATE_UNSPECIFIED, UNRECOGNIZED -> Emphasis.NONE;
        };
    }

    private static boolean underWay(Migration migration) {
        return switch (migration.getState()) {
            case PREPARING, COPYING, SWITCHING -> true;
            case SUCCEEDED, FAILED, STATE_UNSPECIFIED, UNRECOGNIZED -> false;
        };
    }

    private static List<Detail> details(Migration migration) {
        return new Detail.Sheet().add("Name", ResourceNames.MIGRATION.id(migration.getName()))
                .add("VM", ResourceNames.VM.id(migration.getVm()))
                .add("From", ResourceNames.HOST.id(migration.getSource()))
                .add("To", ResourceNames.HOST.id(migration.getDestination()))
                .add("State", migration.getState().name(), emphasis(migration))
                .add("Message", migration.getMessage())
                .add("Failure", migration.getFailure())
                .add("Progress", underWay(migration) ? MigrationText.progress(migration) : "")
                .add("Report", MigrationText.report(migration).replace("; ", "\n"))
                .add("Asked for", options(migration.getOptions()))
                .add("Task", ResourceNames.TASK.id(migration.getTask()))
                .add("Started", Quantity.time(migration.getStartTime()))
                .add("Ended", Quantity.time(migration.getEndTime())).details();
    }

    private static String options(MigrationOptions options) {
        return "downtime " + Quantity.fine(Duration.ofMillis(Durations.toMillis(options.getDowntime())))
                + (options.getBandwidthBytesPerSecond() == 0 ? ""
                        : ", bandwidth " + Quantity.bytes(options.getBandwidthBytesPerSecond()) + "/s")
                + (options.getCompression() == MigrationOptions.Compression.COMPRESSION_UNSPECIFIED ? ""
                        : ", compression " + options.getCompression().name().toLowerCase(java.util.Locale.ROOT))
                + ", streams " + options.getStreams() + ", "
                + options.getPolicy().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-') + ", timeout "
                + Quantity.span(Duration.ofMillis(Durations.toMillis(options.getTimeout())));
    }
}
