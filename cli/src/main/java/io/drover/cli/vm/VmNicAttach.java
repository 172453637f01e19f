package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.NicOption;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.AttachNicRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "attach", description = "Give a VM one more nic. A VM that runs has it when this returns.")
final class VmNicAttach implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "mutation")
    private MutationOptions mutation;
    @Parameters(index = "0", paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";
    @Parameters(index = "1", paramLabel = NicOption.LABEL,
            description = "The nic, as with `vm create --nic`, with a name.")
    private NicOption nic = NicOption.NONE;

    VmNicAttach(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        return new DeviceCall(surroundings, output, connection, mutation).make(name,
                "attached nic " + nic.nic().getName() + " to",
                "nic " + nic.nic().getName() + " was not attached",
                (api, vm, requestId) -> api.vms().attachNic(AttachNicRequest.newBuilder().setName(vm).setNic(nic.nic())
                        .setRequestId(requestId).build()));
    }
}
