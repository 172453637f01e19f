package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.DetachNicRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "detach", description = "Take a nic away from a VM. Waits for the guest to let go of it.")
final class VmNicDetach implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "mutation")
    private MutationOptions mutation;
    @Parameters(index = "0", paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";
    @Parameters(index = "1", paramLabel = "NIC", description = "Which nic.")
    private String nic = "";
    @Option(names = "--force", description = "Do not wait for the guest.")
    private boolean force;

    VmNicDetach(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        return new DeviceCall(surroundings, output, connection, mutation).make(name, "detached nic " + nic + " from",
                "nic " + nic + " was not detached",
                (api, vm, requestId) -> api.vms().detachNic(DetachNicRequest.newBuilder().setName(vm).setNic(nic)
                        .setForce(force).setRequestId(requestId).build()));
    }
}
