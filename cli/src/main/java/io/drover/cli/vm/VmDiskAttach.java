package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.DiskOption;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.AttachDiskRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "attach", description = "Give a VM one more disk. A VM that runs has it when this returns.")
final class VmDiskAttach implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "mutation")
    private MutationOptions mutation;
    @Parameters(index = "0", paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";
    @Parameters(index = "1", paramLabel = DiskOption.LABEL, description = "The disk, as with `vm create --disk`.")
    private DiskOption disk = DiskOption.NONE;

    VmDiskAttach(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        return new DeviceCall(surroundings, output, connection, mutation).make(name,
                "attached disk " + disk.disk().getName() + " to",
                "disk " + disk.disk().getName() + " was not attached",
                (api, vm, requestId) -> api.vms().attachDisk(AttachDiskRequest.newBuilder().setName(vm)
                        .setDisk(disk.disk()).setRequestId(requestId).build()));
    }
}
