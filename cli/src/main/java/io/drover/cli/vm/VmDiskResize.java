package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.Converters;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.ResizeDiskRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "resize", description = "Make a disk of a VM larger.")
final class VmDiskResize implements Callable<Integer> {
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
    @Parameters(index = "2", paramLabel = "SIZE", description = "Such as 20G: not less than now.")
    private Converters.Bytes size = new Converters.Bytes(0);

    VmDiskResize(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        return new DeviceCall(surroundings, output, connection, mutation).make(name, "resized disk " + disk + " of",
                "disk " + disk + " was not resized",
                (api, vm, requestId) -> api.vms().resizeDisk(ResizeDiskRequest.newBuilder().setName(vm).setDisk(disk)
                        .setSizeBytes(size.count()).setRequestId(requestId).build()));
    }
}
