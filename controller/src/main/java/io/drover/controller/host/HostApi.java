package io.drover.controller.host;

import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.HostReach;
import io.drover.controller.feed.VmFeed;
import io.drover.controller.list.PageSize;
import io.drover.controller.list.PageToken;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.Violations;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostMigrations;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.store.Store;
import io.drover.controller.store.Timestamps;
import io.drover.controller.stream.Calls;
import io.drover.controller.task.RequestMark;
import io.drover.controller.task.TaskMessages;
import io.drover.proto.v1.ConfirmHostOffRequest;
import io.drover.proto.v1.CordonHostRequest;
import io.drover.proto.v1.DeleteHostRequest;
import io.drover.proto.v1.GetHostRequest;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.HostDriver;
import io.drover.proto.v1.HostServiceGrpc;
import io.drover.proto.v1.ListHostsRequest;
import io.drover.proto.v1.ListHostsResponse;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.UncordonHostRequest;
import io.drover.scheduler.host.Driver;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** drover.v1.HostService. */
public final class HostApi extends HostServiceGrpc.HostServiceImplBase {
    private final Calls calls;
    private final Store store;
    private final HostLinks links;
    private final VmFeed feed;
    private final HostOperations operations;

    public HostApi(Calls calls, Store store, HostLinks links, VmFeed feed, HostOperations operations) {
        this.calls = calls;
        this.store = store;
        this.links = links;
        this.feed = feed;
        this.operations = operations;
    }

    @Override
    public void listHosts(ListHostsRequest request, StreamObserver<ListHostsResponse> response) {
        calls.unary(response, () -> {
            int size = PageSize.of(request.getPageSize());
            Optional<HostId> after = PageToken.decode(request.getPageToken(), HostId.COLLECTION, "").map(HostId::new);
            var rest = after.isPresent() ? store.view().hosts().tailMap(after.get(), false) : store.view().hosts();
            List<Versioned<io.drover.controller.record.Host>> page = rest.values().stream().limit(size + 1L).toList();
            ListHostsResponse.Builder list = ListHostsResponse.newBuilder();
            page.stream().limit(size).forEach(host -> list.addHosts(message(host.value())));
            if (page.size() > size) {
                list.setNextPageToken(
                        new PageToken(HostId.COLLECTION, "", page.get(size - 1).value().id().value()).encode());
            }
            return list.build();
        });
    }

    @Override
    public void getHost(GetHostRequest request, StreamObserver<Host> response) {
        calls.unary(response, () -> {
            HostId id = id(request.getName());
            return message(
                    store.view().host(id).orElseThrow(() -> ProblemException.notFound(id.resourceName())).value());
        });
    }

    @Override
    public void cordonHost(CordonHostRequest request, StreamObserver<Host> response) {
        calls.unary(response, () -> message(operations.cordon(id(request.getName()), true)));
    }

    @Override
    public void uncordonHost(UncordonHostRequest request, StreamObserver<Host> response) {
        calls.unary(response, () -> message(operations.cordon(id(request.getName()), false)));
    }

    @Override
    public void deleteHost(DeleteHostRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> {
            Violations violations = new Violations();
            Optional<HostId> id = violations.name("name", request.getName(), HostId.COLLECTION, HostId::new);
            violations.requestId(request.getRequestId());
            violations.throwIfAny();
            RequestMark mark = RequestMark.of("DeleteHost", request.getRequestId(),
                    request.toBuilder().clearRequestId().build());
            return TaskMessages.of(operations.delete(mark, id.orElseThrow(), request.getForce()), feed);
        });
    }

    @Override
    public void confirmHostOff(ConfirmHostOffRequest request, StreamObserver<Task> response) {
        calls.unary(response, () -> {
            Violations violations = new Violations();
            Optional<HostId> id = violations.name("name", request.getName(), HostId.COLLECTION, HostId::new);
            violations.requestId(request.getRequestId());
            violations.throwIfAny();
            RequestMark mark = RequestMark.of("ConfirmHostOff", request.getRequestId(),
                    request.toBuilder().clearRequestId().build());
            return TaskMessages.of(operations.confirmOff(mark, id.orElseThrow()), feed);
        });
    }

    private Host message(io.drover.controller.record.Host host) {
        List<Vm> owned = store.view().ownedBy(host.id()).stream().map(Versioned::value).toList();
        Host.Builder message = Host.newBuilder().setName(host.id().resourceName()).setCordoned(host.cordoned())
                .putAllLabels(host.labels()).setArchitecture(host.architecture()).setCpuModel(host.cpuModel())
                .addAllCpuFeatures(host.cpuFeatures().stream().sorted().toList()).setCpus(host.cpus())
                .setMemoryBytes(host.memoryBytes()).setAllocatableVcpus(host.allocatableVcpus())
                .setAllocatableMemoryBytes(host.allocatableMemoryBytes())
                .setReservedVcpus(HostResourceMessages.sharedVcpus(owned))
                .setReservedMemoryBytes(HostResourceMessages.ordinaryBytes(owned))
                .setVms(owned.size()).addAllNetworks(host.networks().stream().sorted().toList())
                .setResources(HostResourceMessages.of(host.resources(), owned));
        for (io.drover.controller.record.Host.Driver driver : host.drivers()) {
            message.addDrivers(HostDriver.newBuilder().setName(driver.name()).setUsable(driver.usable())
                    .setMessage(driver.message()));
        }
        host.migrations().flatMap(HostMigrations::ability).ifPresent(can -> message.setMigrations(
                io.drover.proto.v1.HostMigrations.newBuilder().setOldestProtocol(can.oldest())
                        .setNewestProtocol(can.newest()).setMirrorsDisks(can.mirrorsDisks())
                        .addAllDrivers(can.drivers().stream().map(Driver::id).sorted().toList())));
        switch (links.reach(host.id())) {
            case HostReach.Ready() -> message.setState(Host.State.READY);
            case HostReach.Unreachable(Instant since, String why) ->
                message.setState(Host.State.UNREACHABLE).setStateMessage("not reached since " + since + ": " + why);
            case HostReach.Away(Instant since) ->
                message.setState(Host.State.AWAY).setStateMessage("no session in ZooKeeper since " + since);
        }
        if (host.fenced()) {
            message.setState(host.returns() ? Host.State.FENCING : Host.State.DELETING)
                    .setStateMessage((host.returns() ? "confirmed to be off" : "deleted by force")
                            + ": VMs left to give up: " + owned.size());
        }
        store.view().session(host.id()).ifPresent(session -> message.setAddress(session.address())
                .setVersion(session.version()).setStartTime(Timestamps.of(session.started())));
        return message.build();
    }

    private static HostId id(String name) throws ProblemException {
        Violations violations = new Violations();
        Optional<HostId> id = violations.name("name", name, HostId.COLLECTION, HostId::new);
        violations.throwIfAny();
        return id.orElseThrow();
    }
}
