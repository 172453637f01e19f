package io.drover.cli.vm;

import com.google.protobuf.util.Durations;
import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.Lists;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.api.TaskWait;
import io.drover.cli.completion.HostNames;
import io.drover.cli.completion.VmNames;
import io.drover.cli.migration.MigrationFollow;
import io.drover.cli.migration.MigrationKind;
import io.drover.cli.migration.MigrationSentence;
import io.drover.cli.migration.MigrationText;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.Converters;
import io.drover.cli.option.MigrationCompression;
import io.drover.cli.option.MigrationPolicy;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.output.Kind;
import io.drover.cli.output.Printer;
import io.drover.cli.task.TaskKind;
import io.drover.proto.v1.MigrateVmRequest;
import io.drover.proto.v1.Migration;
import io.drover.proto.v1.MigrationOptions;
import io.drover.proto.v1.Task;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "migrate", description = "Move a VM to another host while its guest runs.", footer = {"",
        "Its guest stands still for a moment only. Until then it can be cancelled, and goes on where it is."})
final class VmMigrate implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";
    @Option(names = "--to", paramLabel = "HOST", completionCandidates = HostNames.class,
            description = "Where to; else the scheduler chooses.")
    private Optional<String> to = Optional.empty();
    @Option(names = "--downtime", paramLabel = "TIME",
            description = "How long the guest may stand still, such as 300ms (the controller's default).")
    private Optional<Duration> downtime = Optional.empty();
    @Option(names = "--bandwidth", paramLabel = "SIZE", description = "At most so many bytes a second, such as 100M.")
    private Optional<Converters.Bytes> bandwidth = Optional.empty();
    @Option(names = "--streams", paramLabel = "N", description = "TCP connections, 1 to 16 (1).")
    private int streams;
    @Option(names = "--compression", paramLabel = "none|lz4", converter = MigrationCompression.class,
            completionCandidates = MigrationCompression.class,
            description = "lz4 for slow networks: less is sent, which takes CPU time on both hosts (none).")
    private Optional<MigrationOptions.Compression> compression = Optional.empty();
    @Option(names = "--policy", paramLabel = "POLICY", converter = MigrationPolicy.class,
            completionCandidates = MigrationPolicy.class,
            description = "For a guest that writes faster than its memory can be sent: stop-and-copy (it stands still as "
                    + "long as it takes, the default) or give-up (it stays).")
    private Optional<MigrationOptions.Policy> policy = Optional.empty();
    @Option(names = "--timeout", paramLabel = "TIME",
            description = "Give the migration up when it has not switched after so long (the controller's default: 1h).")
    private Optional<Duration> timeout = Optional.empty();
    @Option(names = "--dry-run", description = "Say whether and where to it would go, or every reason why not.")
    private boolean dryRun;
    @Option(names = "--detach", description = "Do not wait: print the migration and leave.")
    private boolean detach;
    @Option(names = "--request-id", paramLabel = "UUID",
            description = "Makes the request safe to repeat: the same id with the same request is done once.")
    private Optional<String> requestId = Optional.empty();

    VmMigrate(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        String id = ResourceNames.VM.id(name);
        String what = "VM " + id + " was not moved";
        Printer printer = output.printer();
        Kind<Migration> kind = MigrationKind.at(surroundings.clock());
        MigrateVmRequest request = request();
        try (ApiClient api = connection.connect()) {
            Task task = api.call(dryRun ? "VM " + id + " cannot be moved" : what,
                    () -> api.migrations().migrateVm(request));
            if (dryRun) {
                printer.outcome(TaskKind.at(surroundings.clock()), task, task.getProgress());
                return ExitCode.OK.number();
            }
            Optional<Migration> begun = Lists.migrations(api, "vm = \"" + ResourceNames.VM.full(name) + "\"").stream()
                    .filter(migration -> migration.getTask().equals(task.getName())).findFirst();
            if (begun.isEmpty()) {
                // Of a request that was sent before; or the VM is gone again.
                Task ended = new TaskWait(api, surroundings, Duration.ofHours(1)).await(task, what);
                printer.outcome(TaskKind.at(surroundings.clock()), ended, "moved " + id);
                return ExitCode.OK.number();
            }
            if (detach) {
                printer.outcome(kind, begun.get(),
                        "migration " + ResourceNames.MIGRATION.id(begun.get().getName()) + " to "
                                + ResourceNames.HOST.id(begun.get().getDestination()) + " is under way ("
                                + MigrationText.followUp(begun.get()) + ")");
                return ExitCode.OK.number();
            }
            Migration end = new MigrationFollow(api, surroundings).await(begun.get(), now -> {});
            printer.outcome(kind, end, MigrationSentence.of(end));
        }
        return ExitCode.OK.number();
    }

    private MigrateVmRequest request() {
        MigrationOptions.Builder options = MigrationOptions.newBuilder().setStreams(streams);
        downtime.ifPresent(time -> options.setDowntime(Durations.fromMillis(time.toMillis())));
        bandwidth.ifPresent(bytes -> options.setBandwidthBytesPerSecond(bytes.count()));
        compression.ifPresent(options::setCompression);
        policy.ifPresent(options::setPolicy);
        timeout.ifPresent(time -> options.setTimeout(Durations.fromMillis(time.toMillis())));
        return MigrateVmRequest.newBuilder().setName(ResourceNames.VM.full(name))
                .setDestination(to.map(ResourceNames.HOST::full).orElse("")).setOptions(options)
                .setValidateOnly(dryRun).setRequestId(requestId.orElseGet(() -> UUID.randomUUID().toString())).build();
    }
}
