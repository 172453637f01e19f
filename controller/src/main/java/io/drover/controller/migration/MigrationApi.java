package io.drover.controller.migration;

import io.drover.controller.agent.HostLinks;
import io.drover.controller.feed.VmFeed;
import io.drover.controller.list.Filter;
import io.drover.controller.list.PageSize;
import io.drover.controller.list.PageToken;
import io.drover.controller.placement.Placer;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.HostId;
import io.drover.controller.record.MigrationId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.store.Store;
import io.drover.controller.stream.Calls;
import io.drover.controller.task.TaskMessages;
import io.drover.controller.vm.VmOperations;
import io.drover.proto.v1.CancelMigrationRequest;
import io.drover.proto.v1.GetMigrationRequest;
import io.drover.proto.v1.ListMigrationsRequest;
import io.drover.proto.v1.ListMigrationsResponse;
import io.drover.proto.v1.MigrateVmRequest;
import io.drover.proto.v1.Migration;
import io.drover.proto.v1.MigrationServiceGrpc;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.WatchMigrationRequest;
import io.drover.proto.v1.WatchMigrationResponse;
import io.grpc.stub.StreamObserver;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** drover.v1.MigrationService. */
public final class MigrationApi extends MigrationServiceGrpc.MigrationServiceImplBase {
    private static final Map<String, Function<Vm, String>> FIELDS = Map.of("state",
            vm -> MigrationMessages.state(vm.migration()).name(), "vm", vm -> vm.id().resourceName(), "source",
            vm -> vm.migration().source().map(HostId::resourceName).orElse(""), "destination",
            vm -> vm.migration().destination().map(HostId::resourceName).orElse(""));
    /** The newest first; equal times by id, so that pages are stable. */
    private static final Comparator<Vm> ORDER = Comparator.comparing(MigrationApi::key).reversed();

    private final Calls calls;
    private final Store store;
    private final HostLinks links;
    private final MigrationFeed feed;
    private final MigrationStreams streams;
    private final MigrationRequests requests;
    private final VmFeed vms;

    public MigrationApi(Calls calls, Store store, HostLinks links, MigrationFeed feed, MigrationStreams streams,
            Placer placer, VmOperations operations, VmFeed vms, Clock clock) {
        this.calls = calls;
        this.store = store;
        this.links = links;
        this.feed = feed;
        this.streams = streams;
        this.requests = new MigrationRequests(store, links, placer, operations, clock);
        this.vms = vms;
    }

    @Override
    public void migrateVm(MigrateVmRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> {
            MigrationRequests.Wanted wanted = MigrationRequests.read(request);
            if (!request.getValidateOnly()) {
                return TaskMessages.of(requests.begin(wanted), vms);
            }
            HostId destination = requests.explain(wanted);
            String source = store.view().vm(wanted.vm()).flatMap(vm -> vm.value().owner()).map(Owner::host)
                    .map(host -> " from " + host.resourceName()).orElse("");
            return Task.newBuilder().setMethod(wanted.mark().method()).setTarget(wanted.vm().resourceName())
                    .setProgress("would move " + wanted.vm().resourceName() + source + " to "
                            + destination.resourceName())
                    .build();
        });
    }

    @Override
    public void listMigrations(ListMigrationsRequest request, StreamObserver<ListMigrationsResponse> response) {
        calls.unary(response, () -> {
            int size = PageSize.of(request.getPageSize());
            Filter<Vm> filter = Filter.parse(request.getFilter(), FIELDS);
            Optional<String> after = PageToken.decode(request.getPageToken(), MigrationId.COLLECTION,
                    request.getFilter());
            List<Vm> page = feed.all().stream().flatMap(vm -> store.view().vm(vm).stream()).map(Versioned::value)
                    .filter(vm -> vm.migration().attempt().isPresent()).filter(filter)
                    .filter(vm -> after.isEmpty() || key(vm).compareTo(after.get()) < 0).sorted(ORDER)
                    .limit(size + 1L).toList();
            ListMigrationsResponse.Builder list = ListMigrationsResponse.newBuilder();
            page.stream().limit(size)
                    .forEach(vm -> list.addMigrations(MigrationMessages.inList(vm, links.sightings())));
            if (page.size() > size) {
                list.setNextPageToken(new PageToken(MigrationId.COLLECTION, request.getFilter(),
                        key(page.get(size - 1))).encode());
            }
            return list.build();
        });
    }

    /** Sorts by time of the beginning, then id. */
    private static String key(Vm vm) {
        return String.format("%016x",
                Math.max(0, vm.migration().attempt().map(move -> move.startedUnixMillis()).orElse(0L)))
                + "/" + vm.migration().id().map(MigrationId::value).orElse("");
    }

    @Override
    public void getMigration(GetMigrationRequest request, StreamObserver<Migration> response) {
        calls.unary(response, () -> get(MigrationStreams.id(request.getName())));
    }

    private Migration get(MigrationId id) throws ProblemException {
        return MigrationMessages.of(streams.get(id), links.sightings());
    }

    @Override
    public void watchMigration(WatchMigrationRequest request, StreamObserver<WatchMigrationResponse> responses) {
        calls.streaming(responses, out -> streams.watch(request, out));
    }

    @Override
    public void cancelMigration(CancelMigrationRequest request, StreamObserver<Migration> response) {
        calls.unary(response, () -> {
            MigrationId id = MigrationStreams.id(request.getName());
            requests.cancel(id, streams.get(id).id());
            return get(id);
        });
    }
}
