package io.drover.cli.vm;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.output.Column;
import io.drover.cli.output.Detail;
import io.drover.cli.output.Kind;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmNic;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "list", description = "List the nics of a VM.")
final class VmNicList implements Callable<Integer> {
    private static final Kind<VmNic> KIND = new Kind<>("nics", VmNic::getName,
            List.of(Column.of("NAME", VmNic::getName),
                    Column.of("NETWORK", nic -> nic.hasBridge() ? "bridge " + nic.getBridge().getBridge() : "user"),
                    Column.of("MAC", VmNic::getEffectiveMac)),
            nic -> new Detail.Sheet().add("Name", nic.getName()).details());

    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";

    VmNicList(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        try (ApiClient api = connection.connect()) {
            String id = ResourceNames.VM.id(name);
            Vm vm = api.call("cannot look at VM " + id,
                    () -> api.vms().getVm(GetVmRequest.newBuilder().setName(ResourceNames.VM.full(id)).build()));
            output.printer().list(KIND, vm.getSpec().getNicsList());
            if (!vm.getDeviceChange().isEmpty()) {
                surroundings.err().println(vm.getDeviceChange());
            }
        }
        return ExitCode.OK.number();
    }
}
