package io.drover.controller.migration;

import com.google.protobuf.Duration;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.Observation;
import io.drover.controller.placement.Passenger;
import io.drover.controller.placement.Placer;
import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.Violations;
import io.drover.controller.record.Desired;
import io.drover.controller.record.HostId;
import io.drover.controller.record.MigrationId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Placement;
import io.drover.controller.record.Task;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.store.Store;
import io.drover.controller.stream.Calls;
import io.drover.controller.task.RequestMark;
import io.drover.controller.vm.Plan;
import io.drover.controller.vm.VmIntents;
import io.drover.controller.vm.VmOperations;
import io.drover.proto.v1.MigrateVmRequest;
import io.drover.proto.v1.MigrationOptions;
import io.drover.scheduler.migration.Admission;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;

/**
 * What users ask of migrations, as changes of the VM's record. Any controller may begin one; the one that leads sees to it that
 * the destination prepares, and the two hosts do the rest.
 */
final class MigrationRequests {
    private static final String METHOD = "MigrateVm";
    private static final long MAX_DOWNTIME_SECONDS = 60;
    private static final long MAX_TIMEOUT_SECONDS = 86_400;

    private final Store store;
    private final HostLinks links;
    private final Placer placer;
    private final VmOperations operations;
    private final Clock clock;

    MigrationRequests(Store store, HostLinks links, Placer placer, VmOperations operations, Clock clock) {
        this.store = store;
        this.links = links;
        this.placer = placer;
        this.operations = operations;
        this.clock = clock;
    }

    /** A request that makes sense. */
    record Wanted(VmId vm, Optional<HostId> destination, MoveOptions options, RequestMark mark) {}

    static Wanted read(MigrateVmRequest request) throws ProblemException {
        Violations violations = new Violations();
        Optional<VmId> vm = violations.name("name", request.getName(), VmId.COLLECTION, VmId::new);
        Optional<HostId> destination = request.getDestination().isEmpty() ? Optional.empty()
                : violations.name("destination", request.getDestination(), HostId.COLLECTION, HostId::new);
        violations.requestId(request.getRequestId());
        Optional<MoveOptions> options = options(request.getOptions(), violations);
        violations.throwIfAny();
        // The migration is named after the task, so that its name has to be the same each time that it is asked for here.
        String requestId = request.getRequestId().isEmpty() ? UUID.randomUUID().toString() : request.getRequestId();
        return new Wanted(vm.orElseThrow(), destination, options.orElseThrow(),
                RequestMark.of(METHOD, requestId, request.toBuilder().clearRequestId().build()));
    }

    private static Optional<MoveOptions> options(MigrationOptions options, Violations violations) {
        long downtime = millis(options.hasDowntime(), options.getDowntime(), MoveOptions.AUTO.downtimeMillis());
        violations.require(downtime >= 1 && downtime <= MAX_DOWNTIME_SECONDS * 1_000, "options.downtime",
                downtime + " ms (expected: 1 ms to " + MAX_DOWNTIME_SECONDS + " s)");
        long timeout = millis(options.hasTimeout(), options.getTimeout(), MoveOptions.AUTO.timeoutMillis());
        violations.require(timeout >= 1_000 && timeout <= MAX_TIMEOUT_SECONDS * 1_000, "options.timeout",
                timeout + " ms (expected: 1 s to " + MAX_TIMEOUT_SECONDS + " s)");
        violations.require(options.getBandwidthBytesPerSecond() >= 0, "options.bandwidth_bytes_per_second",
                options.getBandwidthBytesPerSecond() + " (expected: 0 for any, or more)");
        int streams = options.getStreams() == 0 ? MoveOptions.AUTO.streams() : options.getStreams();
        violations.require(streams >= 1 && streams <= MoveOptions.MAX_STREAMS, "options.streams",
                streams + " (expected: 1 to " + MoveOptions.MAX_STREAMS + ")");
        Optional<MoveOptions.Unconverged> policy = switch (options.getPolicy()) {
            case POLICY_UNSPECIFIED, STOP_AND_COPY -> Optional.of(MoveOptions.Unconverged.STOP_AND_COPY);
            case GIVE_UP -> Optional.of(MoveOptions.Unconverged.GIVE_UP);
            case POST_COPY -> {
                violations.add("options.policy",
                        "POST_COPY, which is not there yet (expected: STOP_AND_COPY or GIVE_UP)");
                yield Optional.empty();
            }
            case UNRECOGNIZED -> {
                violations.add("options.policy",
                        options.getPolicyValue() + " (expected: STOP_AND_COPY or GIVE_UP)");
                yield Optional.empty();
            }
        };
        Optional<MoveOptions.Compression> compression = switch (options.getCompression()) {
            case COMPRESSION_UNSPECIFIED -> Optional.of(MoveOptions.Compression.NONE);
            case LZ4 -> Optional.of(MoveOptions.Compression.LZ4);
            case UNRECOGNIZED -> {
                violations.add("options.compression", options.getCompressionValue() + " (expected: LZ4, or unset)");
                yield Optional.empty();
            }
        };
        return violations.none()
                ? Optional.of(new MoveOptions(downtime, options.getBandwidthBytesPerSecond(), streams,
                        policy.orElseThrow(), timeout, compression.orElseThrow()))
                : Optional.empty();
    }

    /** What is no time at all is -1, which no range has. */
    private static long millis(boolean given, Duration duration, long otherwise) {
        if (!given) {
            return otherwise;
        }
        boolean sane = duration.getSeconds() >= 0 && duration.getSeconds() <= MAX_TIMEOUT_SECONDS
                && duration.getNanos() >= 0 && duration.getNanos() < 1_000_000_000;
        return sane ? duration.getSeconds() * 1_000 + duration.getNanos() / 1_000_000 : -1;
    }

    /** Where it would go now. */
    HostId explain(Wanted wanted) throws ProblemException, InterruptedException {
        return destination(vm(wanted.vm()), wanted);
    }

    Task begin(Wanted wanted) throws ProblemException, InterruptedException {
        return operations.mutate(wanted.mark(), wanted.vm(), vm -> {
            HostId destination = destination(vm, wanted);
            Owner owner = vm.owner().orElseThrow(() -> new IllegalStateException(vm.id() + " has no owner"));
            return new Plan.Change(vm.migrating(new Move(MigrationId.of(wanted.mark().task()).value(),
                    new io.drover.scheduler.host.HostId(owner.host().value()),
                    new io.drover.scheduler.host.HostId(destination.value()), owner.epoch(), wanted.options(),
                    clock.millis())));
        });
    }

    private HostId destination(Vm vm, Wanted wanted) throws ProblemException, InterruptedException {
        Optional<Observation> run = vm.owner().filter(owner -> links.reach(owner.host()).ready())
                .flatMap(owner -> links.sightings().of(owner.host(), vm.uid())
                        .filter(seen -> seen.epoch() == owner.epoch()));
        Optional<HostId> off = wanted.destination().filter(
                host -> store.view().host(host).filter(known -> known.value().fenced()).isPresent());
        if (off.isPresent()) {
            throw new ProblemException(new Problem.CannotMigrate(vm.id().resourceName(), List.of(new Problem.Obstacle(
                    "HOST_FENCED", off.get().resourceName() + " is off, says a person, or is being deleted"))));
        }
        Optional<Problem> suspended = VmIntents.suspended(vm);
        if (suspended.isPresent()) {
            throw new ProblemException(suspended.get());
        }
        boolean runs = run.filter(seen -> seen.state() instanceof Observation.State.Running).isPresent()
                && vm.desired() instanceof Desired.Running;
        String driver = run.map(Observation::driver).or(() -> vm.placement().map(Placement::driver)).orElse("");
        try {
            return switch (placer.explainMove(new Passenger(vm, runs, driver), wanted.destination()).get()) {
                case Admission.Choice.To(var host) -> new HostId(host.name());
                case Admission.Choice.Refused(var why) -> throw new ProblemException(new Problem.CannotMigrate(
                        vm.id().resourceName(), why.stream().map(refusal -> new Problem.Obstacle(refusal.reason(),
                                refusal.text())).toList()));
            };
        } catch (ExecutionException e) {
            throw new ProblemException(Calls.fault(e.getCause()), e);
        }
    }

    private Vm vm(VmId id) throws ProblemException {
        return store.view().vm(id).map(Versioned::value)
                .orElseThrow(() -> ProblemException.notFound(id.resourceName()));
    }

    /** Asks for the end of a migration; one that has ended stays as it is. */
    void cancel(MigrationId id, VmId vm) throws ProblemException, InterruptedException {
        operations.change(vm, known -> known.migration().id().equals(Optional.of(id))
                && known.migration().underWay().isPresent() ? VmIntents.cancelMigration(known) : new Plan.Settled());
    }
}
