package io.drover.cli.migration;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.InterruptNotice;
import io.drover.cli.api.MigrationWatch;
import io.drover.cli.api.ProgressLine;
import io.drover.cli.api.ResourceNames;
import io.drover.proto.v1.Migration;
import java.util.Map;
import java.util.Optional;

/**
 * Waits for the end of a migration and says meanwhile how far it is: in one line that changes on a terminal, else in a line for
 * each state. Ctrl-C ends the wait, not the migration, and says so.
 */
public final class MigrationFollow {
    private final ApiClient api;
    private final Surroundings surroundings;

    public MigrationFollow(ApiClient api, Surroundings surroundings) {
        this.api = api;
        this.surroundings = surroundings;
    }

    /**
     * Returns the migration that has succeeded.
     *
     * @param listener is told of every change, too
     */
    public Migration await(Migration begun, MigrationWatch.Listener listener) throws Failure, InterruptedException {
        String vm = ResourceNames.VM.id(begun.getVm());
        Optional<Migration> end;
        try (ProgressLine line = new ProgressLine(surroundings);
                InterruptNotice _ = new InterruptNotice(surroundings, MigrationText.followUp(begun))) {
            Migration.State[] said = {Migration.State.STATE_UNSPECIFIED};
            end = new MigrationWatch(api).run(begun.getName(), now -> {
                String text = vm + ": " + MigrationText.progress(now);
                if (line.isShown()) {
                    line.say(text);
                } else if (now.getState() != said[0]) {
                    said[0] = now.getState();
                    surroundings.err().println(text);
                }
                listener.on(now);
            });
        }
        return ended(end.orElse(begun), vm);
    }

    private static Migration ended(Migration migration, String vm) throws Failure {
        String id = ResourceNames.MIGRATION.id(migration.getName());
        String what = "VM " + vm + " was not moved to " + ResourceNames.HOST.id(migration.getDestination());
        return switch (migration.getState()) {
            case SUCCEEDED -> migration;
            case FAILED -> throw new Failure(ExitCode.ERROR, what,
                    migration.getMessage().isEmpty() ? migration.getFailure() : migration.getMessage(),
                    "it goes on where it was; see `drover migration get " + id + "`",
                    migration.getFailure().isEmpty() ? "MIGRATION_FAILED" : migration.getFailure(),
                    Map.of("resource", migration.getVm(), "migration", migration.getName()));
            default -> throw new Failure(ExitCode.ERROR, "it is not known whether VM " + vm + " was moved",
                    "migration " + id + " is not told of any more", "look at the VM: `drover vm get " + vm + "`");
        };
    }
}
