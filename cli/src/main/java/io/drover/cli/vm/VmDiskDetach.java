package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.DetachDiskRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "detach",
        description = "Take a disk away from a VM, with all that is on it. Waits for the guest to let go of it.")
final class VmDiskDetach implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "mutation")
    private MutationOptions mutation;
    @Parameters(index = "0", paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";
    @Parameters(index = "1", paramLabel = "DISK", description = "Which disk.")
    private String disk = "";
    @Option(names = "--delete-contents",
            description = "Needed: what is on the disk is deleted with it, for good. Of a VM that "
                    + "is stopped it goes at the next start.")
    private boolean deleteContents;
    @Option(names = "--force", description = "Do not wait for the guest, which loses what it has not written.")
    private boolean force;

    VmDiskDetach(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        return new DeviceCall(surroundings, output, connection, mutation).make(name, "detached disk " + disk + " from",
                "disk " + disk + " was not detached",
                (api, vm, requestId) -> api.vms().detachDisk(DetachDiskRequest.newBuilder().setName(vm).setDisk(disk)
                        .setDeleteContents(deleteContents).setForce(force).setRequestId(requestId).build()));
    }
}
