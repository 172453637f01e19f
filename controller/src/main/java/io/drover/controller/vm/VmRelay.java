package io.drover.controller.vm;

import io.drover.controller.agent.Agent;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.HostReach;
import io.drover.controller.feed.VmFeed;
import io.drover.controller.feed.VmSight;
import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.Violations;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.stream.ClientGoneException;
import io.drover.controller.stream.Inbound;
import io.drover.controller.stream.Outbound;
import io.drover.proto.agent.v1.ReadLogRequest;
import io.drover.proto.agent.v1.ReadLogResponse;
import io.drover.proto.v1.AttachConsoleRequest;
import io.drover.proto.v1.AttachConsoleResponse;
import io.drover.proto.v1.ReadVmLogRequest;
import io.drover.proto.v1.ReadVmLogResponse;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.time.Duration;
import java.util.Optional;

/**
 * Consoles and logs, passed on from the host that has them. One message at a time is asked of the host, and only when the
 * client has room for it: a slow client holds up nobody but itself, and nothing piles up here.
 */
public final class VmRelay {
    private static final int MAX_INPUT_BYTES = 64 << 10;
    /** The end of a run is in the record soon after its console has ended. */
    private static final Duration END_KNOWN_WITHIN = Duration.ofSeconds(5);

    /** Longer than the two hosts of a migration take to decide where a guest goes on. */
    private static final Duration MOVED_WITHIN = Duration.ofSeconds(15);

    private final VmFeed feed;
    private final HostLinks links;

    public VmRelay(VmFeed feed, HostLinks links) {
        this.feed = feed;
        this.links = links;
    }

    /**
     * Ends when the run of the VM ends, with how it did, or when its client ends its side. Where the VM goes, live, the
     * session goes along, and its client hears nothing of that.
     */
    void attach(Inbound<AttachConsoleRequest> in, Outbound<AttachConsoleResponse> out)
            throws ProblemException, ClientGoneException, InterruptedException {
        Optional<AttachConsoleRequest> first = in.next();
        if (first.isEmpty()) {
            throw ProblemException.invalid("name",
                    "the stream ended before its first request (expected: one that names a VM)");
        }
        Vm vm = vm(first.get().getName()).vm();
        String name = vm.id().resourceName();
        Owner owner = vm.owner().orElseThrow(() -> new ProblemException(new Problem.NotNow("VM_NOT_RUNNING", name,
                name + " is " + vm.phase() + ": there is no console",
                "start it, or read its log with ReadVmLog")));
        ConsoleCall call = new ConsoleCall(agent(vm, owner.host()).attachConsole());
        Thread typing = Thread.ofVirtual().name("console-input-" + vm.id()).unstarted(() -> type(in, call));
        try {
            call.begin(vm.uid(), first.get().getSkipScrollback(), first.get().getInput());
            typing.start();
            Optional<Owner> next = Optional.of(owner);
            while (next.isPresent()) {
                next = follow(vm, next.get(), call, out);
            }
        } finally {
            typing.interrupt();
            call.cancel("the session is over");
        }
    }

    /** Passes on what one host has to show. {@return where it goes on; empty: it does not} */
    private Optional<Owner> follow(Vm vm, Owner owner, ConsoleCall call, Outbound<AttachConsoleResponse> out)
            throws ProblemException, ClientGoneException, InterruptedException {
        Optional<StatusException> broken = Optional.empty();
        try {
            for (var next = call.read(); next != null; next = call.read()) {
                out.send(AttachConsoleResponse.newBuilder().setOutput(next.getOutput())
                        .setLostBytes(next.getLostBytes()).build());
            }
        } catch (StatusException e) {
            if (call.ended() || !moves(vm)) {
                throw problem(e, vm, owner.host());
            }
            broken = Optional.of(e);
        }
        Optional<Owner> moved = call.ended() ? Optional.empty() : moved(vm, owner);
        if (moved.isPresent()) {
            try {
                call.goOn(agent(vm, moved.get().host()).attachConsole(), vm.uid());
            } catch (StatusException e) {
                throw problem(e, vm, moved.get().host());
            }
            return moved;
        }
        if (broken.isPresent()) {
            throw problem(broken.get(), vm, owner.host());
        }
        Optional<AttachConsoleResponse> last = end(vm, owner);
        if (last.isPresent()) {
            out.send(last.get());
        }
        return Optional.empty();
    }

    /** A console that ends while its VM migrates, or just after, may go on elsewhere. */
    private boolean moves(Vm vm) {
        return feed.get(vm.id()).filter(now -> now.vm().uid().equals(vm.uid())
                && now.vm().migration().attempt().isPresent()).isPresent();
    }

    /** The next owner, if the VM went there with its guest running, and tells so. */
    private Optional<Owner> moved(Vm vm, Owner owner) throws InterruptedException {
        if (!moves(vm)) {
            return Optional.empty();
        }
        boolean _ = feed.await(vm.id(), now -> now.filter(seen -> seen.vm().uid().equals(vm.uid())
                && (seen.vm().owner().equals(Optional.of(owner)) ? seen.vm().migration().underWay().isEmpty()
                        : seen.vm().owner().isEmpty() || seen.run().isPresent()))
                .isPresent() || now.isEmpty(), MOVED_WITHIN);
        return feed.get(vm.id()).map(VmSight::vm).filter(now -> now.uid().equals(vm.uid()))
                .filter(now -> now.migration().attempt()
                        .filter(move -> move.epoch() == owner.epoch()).isPresent())
                .flatMap(Vm::owner).filter(next -> next.epoch() == owner.epoch() + 1);
    }

    private static void type(Inbound<AttachConsoleRequest> in, ConsoleCall call) {
        try {
            for (Optional<AttachConsoleRequest> next = in.next(); next.isPresent(); next = in.next()) {
                if (next.get().getInput().size() > MAX_INPUT_BYTES) {
                    call.cancel("more than " + MAX_INPUT_BYTES + " bytes of input in one request");
                    return;
                }
                call.type(next.get().getInput());
            }
            call.end();
        } catch (ClientGoneException e) {
            call.cancel("the session is over");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** How the run ended whose console has just ended; empty when it goes on, as after the client's own end. */
    private Optional<AttachConsoleResponse> end(Vm vm, Owner owner) throws InterruptedException {
        boolean over = feed.await(vm.id(),
                now -> now.filter(seen -> seen.vm().owner().equals(Optional.of(owner))).isEmpty(),
                END_KNOWN_WITHIN);
        return over ? feed.get(vm.id()).flatMap(now -> now.vm().lastEnd())
                .map(end -> AttachConsoleResponse.newBuilder().setExit(VmMessages.exit(end)).build())
                : Optional.empty();
    }

    public void readLog(ReadVmLogRequest request, Outbound<ReadVmLogResponse> out)
            throws ProblemException, ClientGoneException, InterruptedException {
        if (request.getTailBytes() < 0) {
            throw ProblemException.invalid("tail_bytes", request.getTailBytes() + " (expected: 0 or more)");
        }
        Vm vm = vm(request.getName()).vm();
        String name = vm.id().resourceName();
        HostId host = vm.owner().map(Owner::host).or(vm::remains).orElseThrow(() -> new ProblemException(
                new Problem.NotNow("NO_LOG", name, name + " is " + vm.phase() + " and has never run: there is no log",
                        "start it")));
        ReadLogRequest.Log which = request.getLog() == ReadVmLogRequest.Log.VMM
                ? ReadLogRequest.Log.VMM
                : ReadLogRequest.Log.CONSOLE;
        BlockingClientCall<?, ReadLogResponse> call = agent(vm, host)
                .readLog(ReadLogRequest.newBuilder().setUid(vm.uid())
                        .setLog(which).setFollow(request.getFollow()).setTailBytes(request.getTailBytes()).build());
        try {
            for (ReadLogResponse next = call.read(); next != null; next = call.read()) {
                out.send(ReadVmLogResponse.newBuilder().setData(next.getData()).build());
            }
        } catch (StatusException e) {
            throw problem(e, vm, host);
        } finally {
            call.cancel("the client is gone", null);
        }
    }

    private VmSight vm(String name) throws ProblemException {
        Violations violations = new Violations();
        Optional<VmId> id = violations.name("name", name, VmId.COLLECTION, VmId::new);
        violations.throwIfAny();
        return feed.get(id.orElseThrow()).orElseThrow(() -> ProblemException.notFound(name));
    }

    private Agent agent(Vm vm, HostId host) throws ProblemException {
        HostReach reach = links.reach(host);
        return links.agent(host).filter(agent -> reach.ready())
                .orElseThrow(() -> new ProblemException(new Problem.HostSilent(
                        vm.id().resourceName(), host.resourceName(), switch (reach) {
                            case HostReach.Ready ready -> "its session has just ended";
                            case HostReach.Away(var since) -> "away since " + since;
                            case HostReach.Unreachable(var since, String why) ->
                                "not reached since " + since + ": " + why;
                        })));
    }

    private static ProblemException problem(StatusException failure, Vm vm, HostId host) {
        Status status = failure.getStatus();
        String name = vm.id().resourceName();
        String text = status.getDescription() == null ? status.getCode().name() : status.getDescription();
        return switch (status.getCode()) {
            case NOT_FOUND, FAILED_PRECONDITION -> new ProblemException(new Problem.NotNow("NOT_ON_HOST", name,
                    host.resourceName() + ": " + text, "look at " + name + ", then try again"), failure);
            case CANCELLED -> ProblemException.invalid("input", text);
            default -> new ProblemException(new Problem.HostSilent(name, host.resourceName(), text), failure);
        };
    }
}
