package io.drover.cli.vm;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.Converters.Bytes;
import io.drover.proto.v1.ReadVmLogRequest;
import io.drover.proto.v1.ReadVmLogResponse;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "logs", description = "Print what the guest wrote to its serial console, or what its VMM said.")
final class VmLogs implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";
    @Option(names = {"-f", "--follow"}, description = "Go on as it grows, until Ctrl-C.")
    private boolean follow;
    @Option(names = "--vmm", description = "The log of the VMM (or QEMU) instead of the guest's console.")
    private boolean vmm;
    @Option(names = "--tail", paramLabel = "SIZE", description = "Only the last so many bytes, such as 64K.")
    private Bytes tail = new Bytes(0);

    VmLogs(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, IOException {
        String what = "cannot read the log of VM " + ResourceNames.VM.id(name);
        ReadVmLogRequest request = ReadVmLogRequest.newBuilder().setName(ResourceNames.VM.full(name)).setFollow(follow)
                .setTailBytes(tail.count()).setLog(vmm ? ReadVmLogRequest.Log.VMM : ReadVmLogRequest.Log.CONSOLE)
                .build();
        try (ApiClient api = connection.connect()) {
            try {
                Iterator<ReadVmLogResponse> chunks = api.vmStreams().readVmLog(request);
                while (chunks.hasNext()) {
                    chunks.next().getData().writeTo(surroundings.out());
                    surroundings.out().flush();
                }
            } catch (StatusRuntimeException e) {
                throw api.failure(e, what);
            }
        }
        return ExitCode.OK.number();
    }
}
