package io.drover.cli.cpumodel;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Polling;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.CpuModelNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.option.WatchOption;
import io.drover.cli.output.Kind;
import io.drover.proto.v1.GetCpuModelRequest;
import io.drover.proto.v1.CpuModel;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "get", description = "Show one CPU model.")
final class CpuModelGet implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "watch")
    private WatchOption watch;
    @Parameters(paramLabel = "NAME", completionCandidates = CpuModelNames.class, description = "Which CPU model.")
    private String name = "";

    CpuModelGet(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        Kind<CpuModel> kind = CpuModelKind.at(surroundings.clock());
        GetCpuModelRequest request = GetCpuModelRequest.newBuilder().setName(ResourceNames.CPU_MODEL.full(name))
                .build();
        String what = "cannot show CPU model " + ResourceNames.CPU_MODEL.id(name);
        try (ApiClient api = connection.connect()) {
            Polling.Look<CpuModel> look = () -> List.of(api.call(what, () -> api.cpuModels().getCpuModel(request)));
            if (watch.watch()) {
                Polling.print(output.printer(), kind, look);
            }
            output.printer().one(kind, look.now().get(0));
        }
        return ExitCode.OK.number();
    }
}
