package io.drover.cli.migration;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.MigrationWatch;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.MigrationNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.output.Kind;
import io.drover.cli.output.OutputFormat;
import io.drover.cli.output.Printer;
import io.drover.cli.output.Rows;
import io.drover.proto.v1.GetMigrationRequest;
import io.drover.proto.v1.Migration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "watch", description = "Follow a migration to its end, and say how it ended.", footer = {"",
        "With -o json each line is the migration as it is then."})
final class MigrationWatchCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = MigrationNames.class, description = "Which migration.")
    private String name = "";

    MigrationWatchCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        GetMigrationRequest request = GetMigrationRequest.newBuilder().setName(ResourceNames.MIGRATION.full(name))
                .build();
        Printer printer = output.printer();
        Kind<Migration> kind = MigrationKind.at(surroundings.clock());
        Rows<Migration> rows = printer.rows(kind);
        boolean forPrograms = printer.format() == OutputFormat.JSON || printer.format() == OutputFormat.YAML;
        MigrationWatch.Listener listener = now -> {
            if (forPrograms) {
                printer.change(rows, kind, now);
            }
        };
        try (ApiClient api = connection.connect()) {
            Migration migration = api.call("cannot watch migration " + ResourceNames.MIGRATION.id(name),
                    () -> api.migrations().getMigration(request));
            Migration end = new MigrationFollow(api, surroundings).await(migration, listener);
            if (!forPrograms) {
                printer.outcome(kind, end, MigrationSentence.of(end));
            }
        }
        return ExitCode.OK.number();
    }
}
