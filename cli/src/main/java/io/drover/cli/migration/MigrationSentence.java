package io.drover.cli.migration;

import io.drover.cli.api.ResourceNames;
import io.drover.proto.v1.Migration;

/** What a migration that has succeeded did. */
public final class MigrationSentence {
    private MigrationSentence() {}

    public static String of(Migration migration) {
        String report = MigrationText.report(migration);
        return "moved " + ResourceNames.VM.id(migration.getVm()) + " from "
                + ResourceNames.HOST.id(migration.getSource()) + " to "
                + ResourceNames.HOST.id(migration.getDestination()) + (report.isEmpty() ? "" : ": " + report);
    }
}
