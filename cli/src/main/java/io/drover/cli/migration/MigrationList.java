package io.drover.cli.migration;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Lists;
import io.drover.cli.api.Polling;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.option.WatchOption;
import io.drover.cli.output.Kind;
import io.drover.proto.v1.Migration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "list", description = "List the migrations that are under way, and the latest of each other VM.")
final class MigrationList implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "watch")
    private WatchOption watch;
    @Option(names = "--filter", paramLabel = "TERMS",
            description = "Such as 'state = COPYING AND destination = \"hosts/h2\"'; also vm and source.")
    private String filter = "";

    MigrationList(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        Kind<Migration> kind = MigrationKind.at(surroundings.clock());
        try (ApiClient api = connection.connect()) {
            if (watch.watch()) {
                Polling.print(output.printer(), kind, () -> Lists.migrations(api, filter));
            }
            output.printer().list(kind, Lists.migrations(api, filter));
        }
        return ExitCode.OK.number();
    }
}
