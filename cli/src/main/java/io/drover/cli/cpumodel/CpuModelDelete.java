package io.drover.cli.cpumodel;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.CpuModelNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.DeleteCpuModelRequest;
import io.drover.proto.v1.CpuModel;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "delete", description = "Delete a CPU model that no VM uses.")
final class CpuModelDelete implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = CpuModelNames.class, description = "Which CPU model.")
    private String name = "";

    CpuModelDelete(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure {
        String id = ResourceNames.CPU_MODEL.id(name);
        String full = ResourceNames.CPU_MODEL.full(name);
        try (ApiClient api = connection.connect()) {
            api.call("CPU model " + id + " was not deleted",
                    () -> api.cpuModels().deleteCpuModel(DeleteCpuModelRequest.newBuilder().setName(full).build()));
            output.printer().outcome(CpuModelKind.at(surroundings.clock()), CpuModel.newBuilder().setName(full).build(),
                    "deleted " + id);
        }
        return ExitCode.OK.number();
    }
}
