package io.drover.cli.host;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Polling;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.HostNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.option.WatchOption;
import io.drover.cli.output.Kind;
import io.drover.proto.v1.GetHostRequest;
import io.drover.proto.v1.Host;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "get", description = "Show one host.")
final class HostGet implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "watch")
    private WatchOption watch;
    @Parameters(paramLabel = "NAME", completionCandidates = HostNames.class, description = "Which host.")
    private String name = "";

    HostGet(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        Kind<Host> kind = HostKind.at(surroundings.clock());
        GetHostRequest request = GetHostRequest.newBuilder().setName(ResourceNames.HOST.full(name)).build();
        String what = "cannot show host " + ResourceNames.HOST.id(name);
        try (ApiClient api = connection.connect()) {
            Polling.Look<Host> look = () -> List.of(api.call(what, () -> api.hosts().getHost(request)));
            if (watch.watch()) {
                Polling.print(output.printer(), kind, look);
            }
            output.printer().one(kind, look.now().get(0));
        }
        return ExitCode.OK.number();
    }
}
