package io.drover.cli.vm;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.api.TaskWait;
import io.drover.cli.completion.CpuModelNames;
import io.drover.cli.completion.DiskHints;
import io.drover.cli.completion.ImageNames;
import io.drover.cli.completion.NicHints;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.Converters.Bytes;
import io.drover.cli.option.DiskOption;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.NicOption;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.option.WatchdogOption;
import io.drover.cli.output.OutputFormat;
import io.drover.cli.output.Printer;
import io.drover.cli.task.TaskKind;
import io.drover.debian.seed.Seed;
import io.drover.proto.v1.CreateVmRequest;
import io.drover.proto.v1.ExplainPlacementRequest;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Placement;
import io.drover.proto.v1.PowerState;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmBalloon;
import io.drover.proto.v1.VmConsoles;
import io.drover.proto.v1.VmSpec;
import io.drover.proto.v1.VmWatchdog;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "create", description = "Record a VM and start it.", footer = {"",
        "Example: drover vm create web-1 --image debian --vcpus 2 --memory 512M --explain"})
final class VmCreate implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Mixin(name = "mutation")
    private MutationOptions mutation;

    @Mixin(name = "resources")
    private ResourceOptions resources;

    @Mixin(name = "seed")
    private SeedOptions seedOptions;

    @Parameters(paramLabel = "NAME", description = "1 to 63 of a-z, 0-9 and '-'; begins with a letter.")
    private String name = "";
    @Option(names = "--image", required = true, paramLabel = "IMAGE", completionCandidates = ImageNames.class,
            description = "What it boots: see `drover image list`.")
    private String image = "";
    @Option(names = "--vcpus", paramLabel = "N", defaultValue = "1",
            description = "1 to 64 (default: ${DEFAULT-VALUE}).")
    private int vcpus = 1;
    @Option(names = "--memory", paramLabel = "SIZE", defaultValue = "256M",
            description = "A multiple of 2M, at least 16M (default: ${DEFAULT-VALUE}).")
    private Bytes memory = new Bytes(0);
    @Option(names = "--driver", paramLabel = "DRIVER", completionCandidates = DriverNames.class,
            description = "kvm or qemu; else the best that a host offers.")
    private String driver = "";
    @Option(names = "--selector", paramLabel = "KEY=VALUE",
            description = "A label that the host must have. May be repeated.")
    private Map<String, String> selector = new LinkedHashMap<>();
    @Option(names = "--cpu-feature", paramLabel = "FEATURE",
            description = "A CPU feature that the host must have, as in /proc/cpuinfo. May be repeated.")
    private List<String> cpuFeatures = new ArrayList<>();
    @Option(names = "--cpu-model", paramLabel = "MODEL", completionCandidates = CpuModelNames.class,
            description = "What the guest sees as its CPU: see `drover cpu-model list`; else what the host offers.")
    private String cpuModel = "";
    @Option(names = "--disk", paramLabel = DiskOption.LABEL, completionCandidates = DiskHints.class,
            description = "A disk: what the guest changes of the disk image I, grown to S; or S bytes of zeros. "
                    + "C is write-back or write-through. May be repeated.")
    private List<DiskOption> disks = new ArrayList<>();
    @Option(names = "--nic", paramLabel = NicOption.LABEL, completionCandidates = NicHints.class,
            description = "A network device: in a network of its own behind the host's address, with ports of the host "
                    + "forwarded to it (F is [tcp:|udp:][ADDRESS:]HOST_PORT:GUEST_PORT), or in bridge B of the host. "
                    + "R is in bytes a second; receive-frames and send-frames limit frames. Its name is net0, net1 and so "
                    + "on, its MAC address is made, if they are not said. May be repeated.")
    private List<NicOption> nics = new ArrayList<>();
    @Option(names = "--vsock", description = "Sockets between the guest and its host; needs the driver kvm.")
    private boolean vsock;
    @Option(names = "--console", paramLabel = "KIND", completionCandidates = ConsoleKinds.class,
            description = "What is shown and typed into: serial (the default) or virtio, the guest's hvc0.")
    private ConsoleKinds.Kind console = ConsoleKinds.Kind.SERIAL;
    @Option(names = "--port", paramLabel = "NAME",
            description = "A channel, /dev/virtio-ports/NAME in the guest and a socket on its host. May be repeated.")
    private List<String> ports = new ArrayList<>();
    @Option(names = "--balloon", description = "Memory that nobody in the guest uses goes back to the host.")
    private boolean balloon;
    @Option(names = "--watchdog", paramLabel = "ACTION", completionCandidates = WatchdogOption.class,
            converter = WatchdogOption.class,
            description = "A watchdog (i6300esb) that the guest may arm; reset or poweroff when it is not fed.")
    private VmWatchdog watchdog = VmWatchdog.getDefaultInstance();
    @Option(names = "--ha", paramLabel = "POLICY", completionCandidates = HaPolicies.class,
            description = "When its host is lost: none (the default) waits for it, restart starts the VM on another host; "
                    + "for that the guest freezes while its host is out of touch. Needs the driver kvm.")
    private HaPolicies.Policy ha = HaPolicies.Policy.NONE;
    @Option(names = "--append", paramLabel = "TEXT", description = "Added to the command line of the image's kernel.")
    private String append = "";
    @Option(names = "--no-start", negatable = false, description = "Only record it.")
    private boolean noStart;
    @Option(names = "--explain", description = "Show where the scheduler puts it, and why.")
    private boolean explain;
    @Option(names = "--dry-run", description = "Check everything, change nothing.")
    private boolean dryRun;

    VmCreate(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        String id = ResourceNames.VM.id(name);
        String requestId = mutation.requestId(id, false);
        Optional<Seed> seed = seedOptions.seed(id, id + "-" + requestId);
        try (ApiClient api = connection.connect()) {
            Optional<SeedImage> seedImage = seed.isPresent() && !dryRun
                    ? Optional.of(SeedImage.register(api, surroundings, id, seed.get()))
                    : Optional.empty();
            VmSpec.Builder spec = spec().toBuilder();
            seedImage.ifPresent(image -> spec.addDisks(image.disk()));
            CreateVmRequest request = CreateVmRequest.newBuilder().setVmId(id)
                    .setVm(Vm.newBuilder().setSpec(spec)
                            .setDesiredState(noStart ? PowerState.POWER_STATE_STOPPED : PowerState.POWER_STATE_RUNNING))
                    .setRequestId(requestId).setValidateOnly(dryRun).build();
            Task task = create(api, id, request, seedImage);
            return dryRun ? afterDryRun(api, id) : afterCreate(api, id, task);
        }
    }

    /** Nobody would look for the seed of a VM that is not there. */
    private static Task create(ApiClient api, String id, CreateVmRequest request, Optional<SeedImage> seed)
            throws Failure {
        try {
            return api.call("VM " + id + " was not created", () -> api.vms().createVm(request));
        } catch (Failure e) {
            if (seed.isPresent() && e.exitCode() != ExitCode.TIMED_OUT) {
                seed.get().discard(api);
            }
            throw e;
        }
    }

    private VmSpec spec() {
        VmSpec.Builder spec = VmSpec.newBuilder().setVcpus(vcpus).setMemoryBytes(memory.count())
                .setImage(ResourceNames.IMAGE.full(image))
                .setExtraCommandLine(append).setDriver(driver).putAllHostSelector(selector)
                .addAllCpuFeatures(cpuFeatures)
                .addAllDisks(disks.stream().map(DiskOption::disk).toList())
                .addAllNics(IntStream.range(0, nics.size()).mapToObj(index -> nics.get(index).named("net" + index))
                        .toList())
                .setVsock(vsock)
                .setCpuModel(isHostsCpu() ? "" : ResourceNames.CPU_MODEL.full(cpuModel));
        if (console != ConsoleKinds.Kind.SERIAL || !ports.isEmpty()) {
            spec.setConsoles(VmConsoles.newBuilder().setKind(console.message()).addAllPorts(ports));
        }
        spec.setHaPolicy(ha.message());
        if (balloon) {
            spec.setBalloon(VmBalloon.getDefaultInstance());
        }
        if (!watchdog.equals(VmWatchdog.getDefaultInstance())) {
            spec.setWatchdog(watchdog);
        }
        resources.addTo(spec);
        return spec.build();
    }

    /** "host" is what everybody else calls it. */
    private boolean isHostsCpu() {
        return cpuModel.isEmpty() || cpuModel.equals("host");
    }

    private int afterDryRun(ApiClient api, String id) throws Failure {
        Printer printer = output.printer();
        if (!explain) {
            if (printer.format() == OutputFormat.TABLE) {
                surroundings.out().println(id + " could be created; nothing was changed");
            }
            return ExitCode.OK.number();
        }
        Placement placement = explanation(api);
        printer.one(VmKind.placementKind(), placement);
        return (placement.getHost().isEmpty() ? ExitCode.CANNOT_BE_PLACED : ExitCode.OK).number();
    }

    private int afterCreate(ApiClient api, String id, Task task) throws Failure, InterruptedException {
        Printer printer = output.printer();
        boolean people = printer.format() == OutputFormat.TABLE;
        if (mutation.detach()) {
            if (explain && people) {
                printer.one(VmKind.placementKind(), explanation(api));
            }
            TaskKind.printDetached(printer, task);
            return ExitCode.OK.number();
        }
        new TaskWait(api, surroundings, mutation.timeout()).await(task,
                "VM " + id + " is not " + (noStart ? "recorded" : "running"));
        Vm vm = api.call("cannot look at VM " + id,
                () -> api.vms().getVm(GetVmRequest.newBuilder().setName(ResourceNames.VM.full(id)).build()));
        if (explain && people && vm.hasPlacement()) {
            printer.one(VmKind.placementKind(), vm.getPlacement());
        }
        printer.outcome(VmKind.at(surroundings.clock()), vm, Sentences.about("created", vm));
        return ExitCode.OK.number();
    }

    private Placement explanation(ApiClient api) throws Failure {
        return api.call("cannot explain the placement",
                () -> api.vms().explainPlacement(ExplainPlacementRequest.newBuilder().setSpec(spec()).build()));
    }
}
