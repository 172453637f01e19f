package io.drover.cli.migration;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.MigrationNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.CancelMigrationRequest;
import io.drover.proto.v1.Migration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "cancel", description = "Ask a migration to end: the guest stays where it is.")
final class MigrationCancel implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = MigrationNames.class, description = "Which migration.")
    private String name = "";

    MigrationCancel(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure {
        String id = ResourceNames.MIGRATION.id(name);
        try (ApiClient api = connection.connect()) {
            Migration migration = api.call("migration " + id + " was not cancelled",
                    () -> api.migrations().cancelMigration(
                            CancelMigrationRequest.newBuilder().setName(ResourceNames.MIGRATION.full(name)).build()));
            boolean ended = migration.getState() == Migration.State.SUCCEEDED
                    || migration.getState() == Migration.State.FAILED;
            output.printer().outcome(MigrationKind.at(surroundings.clock()), migration,
                    "migration " + id + ": " + migration.getState() + (ended ? "" : ", asked to end"));
        }
        return ExitCode.OK.number();
    }
}
