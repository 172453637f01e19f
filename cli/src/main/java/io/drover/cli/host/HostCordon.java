package io.drover.cli.host;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.HostNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.CordonHostRequest;
import io.drover.proto.v1.Host;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "cordon", description = "Keep new VMs off a host; those that run there run on.")
final class HostCordon implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = HostNames.class, description = "Which host.")
    private String name = "";

    HostCordon(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure {
        String id = ResourceNames.HOST.id(name);
        try (ApiClient api = connection.connect()) {
            Host host = api.call("host " + id + " was not cordoned", () -> api.hosts()
                    .cordonHost(CordonHostRequest.newBuilder().setName(ResourceNames.HOST.full(name)).build()));
            output.printer().outcome(HostKind.at(surroundings.clock()), host, "cordoned " + id);
        }
        return ExitCode.OK.number();
    }
}
