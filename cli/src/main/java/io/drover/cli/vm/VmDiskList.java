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
import io.drover.cli.output.Quantity;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmDisk;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "list", description = "List the disks of a VM.")
final class VmDiskList implements Callable<Integer> {
    private static final Kind<VmDisk> KIND = new Kind<>("disks", VmDisk::getName, List.of(
            Column.of("NAME", VmDisk::getName),
            Column.of("IMAGE", disk -> disk.getImage().isEmpty() ? "-" : ResourceNames.IMAGE.id(disk.getImage())),
            Column.of("SIZE", disk -> disk.getSizeBytes() == 0 ? "image's" : Quantity.bytes(disk.getSizeBytes())),
            Column.of("ACCESS", disk -> disk.getReadOnly() ? "read-only" : "read-write"),
            Column.of("LIMITS", VmDiskList::limits)),
            disk -> new Detail.Sheet().add("Name", disk.getName()).details());

    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";

    VmDiskList(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        try (ApiClient api = connection.connect()) {
            String id = ResourceNames.VM.id(name);
            Vm vm = api.call("cannot look at VM " + id,
                    () -> api.vms().getVm(GetVmRequest.newBuilder().setName(ResourceNames.VM.full(id)).build()));
            output.printer().list(KIND, vm.getSpec().getDisksList());
            if (!vm.getDeviceChange().isEmpty()) {
                surroundings.err().println(vm.getDeviceChange());
            }
        }
        return ExitCode.OK.number();
    }

    private static String limits(VmDisk disk) {
        String bytes = disk.getBytesPerSecond() == 0 ? "" : Quantity.bytes(disk.getBytesPerSecond()) + "/s";
        String operations = disk.getOperationsPerSecond() == 0 ? "" : disk.getOperationsPerSecond() + " requests/s";
        return bytes.isEmpty() && operations.isEmpty() ? "-" : (bytes + " " + operations).strip();
    }
}
