package io.drover.cli.migration;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.output.Quantity;
import io.drover.proto.v1.Migration;
import io.drover.proto.v1.MigrationDowntime;
import io.drover.proto.v1.MigrationProgress;
import io.drover.proto.v1.MigrationReport;
import java.util.ArrayList;
import java.util.List;

/** Migrations in the words of people. */
public final class MigrationText {
    private MigrationText() {}

    /** Where it stands, in a line. */
    public static String progress(Migration migration) {
        MigrationProgress told = migration.getProgress();
        List<String> parts = new ArrayList<>();
        if (told.getPasses() > 0) {
            parts.add("pass " + told.getPasses());
        }
        if (told.getTotalBytes() > 0) {
            parts.add(Quantity.bytes(told.getRemainingBytes()) + " left of " + Quantity.bytes(told.getTotalBytes()));
        }
        if (told.getBytesPerSecond() > 0) {
            parts.add(Quantity.bytes(told.getBytesPerSecond()) + "/s");
        }
        if (told.getDirtyBytesPerSecond() > 0) {
            parts.add("written " + Quantity.bytes(told.getDirtyBytesPerSecond()) + "/s");
        }
        if (told.getThrottlePercent() > 0) {
            parts.add("held back " + told.getThrottlePercent() + "%");
        }
        if (told.hasPredictedDowntime()) {
            parts.add("would stand still " + time(told.getPredictedDowntime()));
        }
        if (told.hasLeft()) {
            parts.add("ready in " + Quantity.span(java.time.Duration.ofMillis(Durations.toMillis(told.getLeft()))));
        }
        if (migration.getCancelRequested()) {
            parts.add("to be ended: " + migration.getMessage());
        }
        return migration.getState() + (parts.isEmpty() ? "" : ": " + String.join(", ", parts));
    }

    /** What became of it; empty while that is not known. */
    public static String report(Migration migration) {
        MigrationReport report = migration.getReport();
        if (!migration.hasReport()) {
            return "";
        }
        List<String> parts = new ArrayList<>();
        parts.add("took " + Quantity.span(java.time.Duration.ofMillis(Durations.toMillis(report.getTotalTime()))));
        if (report.getSentBytes() > 0) {
            parts.add(Quantity.bytes(report.getSentBytes()) + " sent in " + report.getPasses()
                    + (report.getPasses() == 1 ? " pass" : " passes"));
        }
        if (report.hasDowntime()) {
            parts.add(downtime(report.getDowntime()));
        }
        return String.join("; ", parts);
    }

    private static String downtime(MigrationDowntime downtime) {
        return "stood still for " + time(downtime.getTotal()) + " (pausing " + time(downtime.getPausing())
                + ", in which last pages " + time(downtime.getLastPages()) + ", saving " + time(downtime.getSaving())
                + ", loading " + time(downtime.getLoading()) + "; commit " + time(downtime.getCommit())
                + "; resuming " + time(downtime.getResuming()) + ")";
    }

    private static String time(Duration duration) {
        return Quantity.fine(java.time.Duration.ofNanos(Durations.toNanos(duration)));
    }

    /** What a user can do about one that is under way. */
    public static String followUp(Migration migration) {
        String id = ResourceNames.MIGRATION.id(migration.getName());
        return "follow it with `drover migration watch " + id + "`, end it with `drover migration cancel " + id + "`";
    }
}
