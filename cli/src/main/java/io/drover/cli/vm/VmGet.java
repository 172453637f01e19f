package io.drover.cli.vm;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.option.WatchOption;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Vm;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "get", description = "Show one VM.")
final class VmGet implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "watch")
    private WatchOption watch;
    @Parameters(paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";

    VmGet(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        String full = ResourceNames.VM.full(name);
        try (ApiClient api = connection.connect()) {
            Vm vm = api.call("cannot show VM " + ResourceNames.VM.id(name),
                    () -> api.vms().getVm(GetVmRequest.newBuilder().setName(full).build()));
            if (watch.watch()) {
                VmChanges.print(api, surroundings, output.printer(), VmChanges.named(full), full::equals);
            } else {
                output.printer().one(VmKind.at(surroundings.clock()), vm);
            }
        }
        return ExitCode.OK.number();
    }
}
