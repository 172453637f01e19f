package io.drover.cli.migration;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.MigrationNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.GetMigrationRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "get", description = "Show one migration, with how long its guest stood still.")
final class MigrationGet implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = MigrationNames.class, description = "Which migration.")
    private String name = "";

    MigrationGet(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure {
        GetMigrationRequest request = GetMigrationRequest.newBuilder().setName(ResourceNames.MIGRATION.full(name))
                .build();
        try (ApiClient api = connection.connect()) {
            output.printer().one(MigrationKind.at(surroundings.clock()),
                    api.call("cannot show migration " + ResourceNames.MIGRATION.id(name),
                            () -> api.migrations().getMigration(request)));
        }
        return ExitCode.OK.number();
    }
}
