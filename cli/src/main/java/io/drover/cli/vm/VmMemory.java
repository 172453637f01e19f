package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.Converters;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.SetMemoryTargetRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "memory",
        description = "Ask the guest of a VM with a balloon to do with less memory, or let it have more.")
final class VmMemory implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "mutation")
    private MutationOptions mutation;
    @Parameters(index = "0", paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";
    @Parameters(index = "1", paramLabel = "SIZE",
            description = "What it is to be left with, such as 512M; 0: all that the VM has. The guest obeys as far as it can.")
    private Converters.Bytes size = new Converters.Bytes(0);

    VmMemory(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        return new DeviceCall(surroundings, output, connection, mutation).make(name, "set the memory target of",
                "the memory target was not set",
                (api, vm, requestId) -> api.vms().setMemoryTarget(SetMemoryTargetRequest.newBuilder().setName(vm)
                        .setMemoryBytes(size.count()).setRequestId(requestId).build()));
    }
}
