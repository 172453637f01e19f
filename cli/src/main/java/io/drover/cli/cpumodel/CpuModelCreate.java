package io.drover.cli.cpumodel;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.HostNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.CpuModel;
import io.drover.proto.v1.CreateCpuModelRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "create", description = "Name what the CPUs of some hosts have in common.", footer = {"",
        "Example: drover cpu-model create rack-1 --from-hosts h1,h2,h3"})
final class CpuModelCreate implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", description = "1 to 63 of a-z, 0-9 and '-'; begins with a letter.")
    private String name = "";
    @Option(names = "--from-hosts", paramLabel = "HOST", split = ",", completionCandidates = HostNames.class,
            description = "The hosts, with ',' between them. May be repeated.")
    private List<String> hosts = new ArrayList<>();
    @Option(names = "--from-selector", paramLabel = "KEY=VALUE",
            description = "And all hosts with this label. May be repeated: then with all of them.")
    private Map<String, String> selector = new LinkedHashMap<>();
    @Option(names = "--description", paramLabel = "TEXT", description = "For people.")
    private String description = "";

    CpuModelCreate(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure {
        String id = ResourceNames.CPU_MODEL.id(name);
        CreateCpuModelRequest request = CreateCpuModelRequest.newBuilder().setCpuModelId(id)
                .addAllHosts(hosts.stream().map(ResourceNames.HOST::full).toList()).putAllHostSelector(selector)
                .setDescription(description).setRequestId(UUID.randomUUID().toString()).build();
        try (ApiClient api = connection.connect()) {
            CpuModel model = api.call("CPU model " + id + " was not created",
                    () -> api.cpuModels().createCpuModel(request));
            output.printer().outcome(CpuModelKind.at(surroundings.clock()), model,
                    "created " + id + " with " + model.getFeaturesCount() + " features of "
                            + model.getSourceHostsCount() + (model.getSourceHostsCount() == 1 ? " host" : " hosts"));
        }
        return ExitCode.OK.number();
    }
}
