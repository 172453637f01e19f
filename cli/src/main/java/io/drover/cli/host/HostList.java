package io.drover.cli.host;

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
import io.drover.proto.v1.Host;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "list", description = "List hosts.")
final class HostList implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "watch")
    private WatchOption watch;

    HostList(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        Kind<Host> kind = HostKind.at(surroundings.clock());
        try (ApiClient api = connection.connect()) {
            if (watch.watch()) {
                Polling.print(output.printer(), kind, () -> Lists.hosts(api));
            }
            output.printer().list(kind, Lists.hosts(api));
        }
        return ExitCode.OK.number();
    }
}
