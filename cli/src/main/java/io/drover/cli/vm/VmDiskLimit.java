package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.Converters;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.SetDiskLimitsRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "limit", description = "Set how fast a disk of a VM may be used; what is not said is without limit.")
final class VmDiskLimit implements Callable<Integer> {
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
    @Option(names = "--bytes-per-second", paramLabel = "SIZE",
            description = "Data read and written, such as 50M; at least 64K.")
    private Converters.Bytes bytes = new Converters.Bytes(0);
    @Option(names = "--operations-per-second", paramLabel = "N", description = "Requests of any kind.")
    private long operations;

    VmDiskLimit(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        return new DeviceCall(surroundings, output, connection, mutation).make(name,
                "set the limits of disk " + disk + " of",
                "the limits of disk " + disk + " were not set",
                (api, vm, requestId) -> api.vms().setDiskLimits(SetDiskLimitsRequest.newBuilder().setName(vm)
                        .setDisk(disk).setBytesPerSecond(bytes.count()).setOperationsPerSecond(operations)
                        .setRequestId(requestId).build()));
    }
}
