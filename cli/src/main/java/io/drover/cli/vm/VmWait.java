package io.drover.cli.vm;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ProgressLine;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.api.VmWatch;
import io.drover.cli.completion.VmNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmState;
import io.drover.proto.v1.WatchVmsResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "wait", description = "Wait until a VM is as it should be.", footer = {"",
        "Example: drover vm wait --for state=RUNNING web-1"})
final class VmWait implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", completionCandidates = VmNames.class, description = "Which VM.")
    private String name = "";
    @Option(names = "--for", required = true, paramLabel = "CONDITION", converter = VmCondition.Converter.class,
            completionCandidates = VmCondition.Candidates.class, description = "state=STATE, host=HOST or deleted.")
    private VmCondition condition = new VmCondition.Deleted();
    @Option(names = "--timeout", paramLabel = "TIME", defaultValue = "5m", description = "Default: ${DEFAULT-VALUE}.")
    private Duration timeout = Duration.ofMinutes(5);

    VmWait(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        String id = ResourceNames.VM.id(name);
        String full = ResourceNames.VM.full(name);
        AtomicReference<Vm> last = new AtomicReference<>(Vm.getDefaultInstance());
        boolean met;
        try (ApiClient api = connection.connect(); ProgressLine progress = new ProgressLine(surroundings)) {
            if (!(condition instanceof VmCondition.Deleted)) {
                // Nobody waits for a name that was mistyped.
                last.set(api.call("cannot wait for VM " + id,
                        () -> api.vms().getVm(GetVmRequest.newBuilder().setName(full).build())));
            }
            met = new VmWatch(api, VmChanges.named(full)).run("", Optional.of(timeout), new VmWatch.Listener() {
                private boolean seen;

                @Override
                public boolean on(WatchVmsResponse event) throws Failure {
                    if (event.hasVm() && event.getVm().getName().equals(full)) {
                        boolean deleted = event.getType() == WatchVmsResponse.Type.DELETED;
                        seen = !deleted;
                        last.set(event.getVm());
                        progress.say(id + ": " + VmKind.state(event.getVm()) + " " + event.getVm().getStateMessage());
                        if (deleted && !(condition instanceof VmCondition.Deleted)) {
                            throw gone(id);
                        }
                        return !condition.isMet(event.getVm(), deleted);
                    }
                    boolean absent = event.getType() == WatchVmsResponse.Type.SYNCED && !seen;
                    if (absent && !(condition instanceof VmCondition.Deleted)) {
                        throw gone(id);
                    }
                    return !absent;
                }
            });
        }
        if (!met) {
            throw timedOut(id, last.get());
        }
        output.printer().outcome(VmKind.at(surroundings.clock()), last.get(),
                condition instanceof VmCondition.Deleted ? id + " is deleted" : Sentences.about("reached", last.get()));
        return ExitCode.OK.number();
    }

    private static Failure gone(String id) {
        return new Failure(ExitCode.NOT_FOUND, "the wait for VM " + id + " is over", "it was deleted meanwhile", "");
    }

    private Failure timedOut(String id, Vm vm) {
        boolean pending = vm.getState() == VmState.VM_STATE_PENDING;
        return new Failure(pending ? ExitCode.CANNOT_BE_PLACED : ExitCode.TIMED_OUT,
                "VM " + id + " is not as wanted: " + condition,
                "after " + timeout.toSeconds() + " s it is " + VmKind.state(vm)
                        + (vm.getStateMessage().isEmpty() ? "" : ": " + vm.getStateMessage()),
                "see drover vm get " + id, pending ? "NO_HOST_FITS" : "TIMED_OUT", Map.of("resource", vm.getName()));
    }
}
