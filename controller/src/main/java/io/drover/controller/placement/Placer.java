package io.drover.controller.placement;

import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.HostListener;
import io.drover.controller.record.Desired;
import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostSession;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmSpec;
import io.drover.controller.store.Change;
import io.drover.controller.store.CommitException;
import io.drover.controller.store.Store;
import io.drover.controller.store.StoreListener;
import io.drover.scheduler.cpu.Cpu;
import io.drover.scheduler.migration.Admission;
import io.drover.scheduler.migration.Guest;
import io.drover.scheduler.placement.Cluster;
import io.drover.scheduler.placement.Placement;
import io.drover.scheduler.placement.Policy;
import io.drover.scheduler.placement.Request;
import io.drover.scheduler.placement.Reservation;
import io.drover.scheduler.placement.VmUid;
import io.drover.scheduler.waiting.WaitingVms;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that decides where VMs go. It keeps the scheduler's ledger as the records say, assumes what it has decided
 * until the commit is known, and takes it back when that failed. Decisions are committed several to a transaction, and the
 * next are made meanwhile.
 *
 * <p>A VM for which there is no host waits here, and is tried again when a host changes in a way that can help it.
 */
public final class Placer implements StoreListener, HostListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Placer.class);
    /** Measured: more to a transaction gain little, and one conflict undoes them all (docs/performance.md). */
    private static final int BATCH = 16;
    private static final int BATCHES_IN_FLIGHT = 4;
    /** A host that refused may have room again after this. */
    private static final Duration REFUSAL_COUNTS = Duration.ofMinutes(1);
    /** After hosts have changed in ways that did not help, so many of those who wait are told so, after so long. */
    private static final int REASONS_RENEWED = 100;
    private static final Duration REASONS_RENEWED_AFTER = Duration.ofSeconds(1);

    private final Store store;
    private final HostLinks links;
    private final Policy policy;
    private final BooleanSupplier leading;
    private final Clock clock;
    private final ScheduledExecutorService timer;
    private final BlockingQueue<Runnable> inbox = new LinkedBlockingQueue<>();
    private final Thread thread;

    // What follows belongs to the thread.
    private final Cluster cluster = new Cluster();
    private final WaitingVms waiting = new WaitingVms(cluster);
    private final Map<VmUid, VmId> waitingNames = new HashMap<>();
    private final Map<VmUid, Request> waitingRequests = new LinkedHashMap<>();
    private final Deque<VmId> queue = new ArrayDeque<>();
    private final Set<VmId> queued = new HashSet<>();
    /** Decided, but not yet seen in the records. */
    private final Map<VmUid, Owner> assumed = new HashMap<>();
    private int inFlight;
    private boolean renewalDue;
    private boolean closed;

    private record Decision(VmId id, VmUid uid, Change change) {}

    public Placer(Store store, HostLinks links, Policy policy, BooleanSupplier leading, Clock clock,
            ScheduledExecutorService timer) {
        this.store = store;
        this.links = links;
        this.policy = policy;
        this.leading = leading;
        this.clock = clock;
        this.timer = timer;
        this.thread = Thread.ofPlatform().name("placement").unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    /** A VM wants a host: it will be given one, or wait with the reason in its record. May be repeated. */
    public void place(VmId vm) {
        inbox.add(() -> {
            if (queued.add(vm)) {
                queue.add(vm);
            }
        });
    }

    /** Where a VM would go now. Changes nothing. */
    public CompletableFuture<io.drover.controller.record.Placement> explain(VmSpec spec) {
        CompletableFuture<io.drover.controller.record.Placement> result = new CompletableFuture<>();
        inbox.add(() -> result
                .complete(SchedulerTypes
                        .record(cluster.place(
                                SchedulerTypes.request(spec, Map.of(), files(spec), Optional.empty(), cpu(spec)),
                                policy), clock.instant())));
        return result;
    }

    /**
     * Whether a VM could be moved now, and where to. Changes nothing.
     *
     * @param to empty: the scheduler chooses
     */
    public CompletableFuture<Admission.Choice> explainMove(Passenger passenger, Optional<HostId> to) {
        CompletableFuture<Admission.Choice> result = new CompletableFuture<>();
        inbox.add(() -> result.complete(choice(passenger, to)));
        return result;
    }

    private Admission.Choice choice(Passenger passenger, Optional<HostId> to) {
        Vm vm = passenger.vm();
        Guest guest = passenger.guest(SchedulerTypes.request(vm.spec(), refused(vm, clock.instant()),
                files(vm.spec()), vm.disksHost(), cpu(vm.spec())));
        if (to.isEmpty()) {
            return Admission.choose(vm.hold(), guest, cluster, policy);
        }
        List<io.drover.scheduler.migration.Refusal> refusals = Admission.refusals(vm.hold(), guest,
                SchedulerTypes.id(to.get()), cluster);
        return refusals.isEmpty() ? new Admission.Choice.To(SchedulerTypes.id(to.get()))
                : new Admission.Choice.Refused(refusals);
    }

    @Override
    public void vmChanged(Optional<Versioned<Vm>> before, Optional<Versioned<Vm>> after) {
        Vm vm = after.or(() -> before).orElseThrow().value();
        boolean gone = after.isEmpty();
        boolean otherUid = before.isPresent() && !before.get().value().uid().equals(vm.uid());
        inbox.add(() -> {
            if (otherUid) {
                forget(before.get().value());
            }
            if (gone) {
                forget(vm);
            } else {
                account(vm);
            }
        });
    }

    @Override
    public void hostChanged(Optional<Versioned<Host>> before, Optional<Versioned<Host>> after) {
        HostId host = after.or(() -> before).orElseThrow().value().id();
        inbox.add(() -> hostIsNow(host));
    }

    @Override
    public void sessionChanged(Optional<HostSession> before, Optional<HostSession> after) {
        HostId host = after.or(() -> before).orElseThrow().host();
        inbox.add(() -> hostIsNow(host));
    }

    @Override
    public void reachChanged(HostId host) {
        inbox.add(() -> hostIsNow(host));
    }

    @Override
    public void filesHeld(HostId host, Set<Sha256> files, boolean all) {
        List<String> held = files.stream().map(Sha256::hex).toList();
        inbox.add(() -> {
            if (all) {
                cluster.setFiles(SchedulerTypes.id(host), held);
            } else {
                cluster.addFiles(SchedulerTypes.id(host), held);
            }
        });
    }

    @Override
    public void synced() {
        inbox.add(() -> {
            // A commit whose answer was lost is in the records by now, or never will be.
            Set<VmUid> unknown = Set.copyOf(assumed.keySet());
            assumed.clear();
            for (Versioned<Vm> vm : store.view().vms().values()) {
                if (unknown.contains(new VmUid(vm.value().uid()))) {
                    account(vm.value());
                }
            }
        });
    }

    private void run() {
        List<Runnable> messages = new ArrayList<>();
        while (!closed) {
            try {
                messages.add(inbox.take());
            } catch (InterruptedException e) {
                return;
            }
            inbox.drainTo(messages);
            for (Runnable message : messages) {
                try {
                    message.run();
                } catch (RuntimeException e) {
                    log.error("a change could not be taken into account for placement", e);
                }
            }
            messages.clear();
            placeAll();
        }
    }

    private void placeAll() {
        while (inFlight < BATCHES_IN_FLIGHT) {
            List<Decision> batch = new ArrayList<>();
            while (batch.size() < BATCH) {
                Optional<VmId> next = next();
                if (next.isEmpty()) {
                    break;
                }
                try {
                    decide(next.get()).ifPresent(batch::add);
                } catch (RuntimeException e) {
                    log.error("VM {} could not be placed", next.get(), e);
                }
            }
            if (batch.isEmpty()) {
                return;
            }
            commit(batch);
        }
    }

    /** Those asked for first, then those that a changed host can help. */
    private Optional<VmId> next() {
        VmId first = queue.poll();
        if (first != null) {
            queued.remove(first);
            return Optional.of(first);
        }
        return waiting.next().map(woken -> {
            waitingRequests.remove(woken.vm());
            return waitingNames.remove(woken.vm());
        });
    }

    private Optional<Decision> decide(VmId id) {
        Optional<Versioned<Vm>> found = store.view().vm(id);
        if (found.isEmpty() || !leading.getAsBoolean() || !wantsHost(found.get().value())) {
            return Optional.empty();
        }
        Vm vm = found.get().value();
        VmUid uid = new VmUid(vm.uid());
        if (assumed.containsKey(uid)) {
            return Optional.empty();
        }
        Instant now = clock.instant();
        Request request = SchedulerTypes.request(vm.spec(), refused(vm, now), files(vm.spec()),
                vm.home(), cpu(vm.spec()));
        if (waiting.contains(uid) && request.equals(waitingRequests.get(uid))) {
            return Optional.empty();
        }
        Placement placement = cluster.place(request, policy);
        io.drover.controller.record.Placement decision = SchedulerTypes.record(placement, now);
        return switch (placement) {
            case Placement.Placed placed -> {
                noLongerWaits(uid);
                Vm next = vm.placed(decision, now);
                // What it held before, if anything, no record says any more.
                cluster.release(uid).ifPresent(held -> waiting.hostChanged(held.host()));
                if (!(cluster.reserve(uid, placed.host(), request.demand()) instanceof Reservation.Held)) {
                    throw new IllegalStateException(
                            "reservation on " + placed.host() + " : refused (expected: held, as it was "
                                    + "found to fit just now, on this thread)");
                }
                assumed.put(uid, next.owner().orElseThrow());
                yield Optional.of(new Decision(id, uid, new Change.Put(next, found.get().version())));
            }
            case Placement.Unplaced unplaced -> {
                waiting.add(uid, request);
                waitingNames.put(uid, id);
                waitingRequests.put(uid, request);
                if (!request.refused().isEmpty()) {
                    placeLater(id);
                }
                Vm told = vm.unplaced(decision, unplaced.reason() + wayOut(vm), now);
                if (!vm.status().equals(told.status()) || !vm.placement().map(decision::saysTheSameAs).orElse(false)) {
                    say(told, found.get().version());
                }
                yield Optional.empty();
            }
        };
    }

    /** What a user may do who does not want to wait for the one host that has what was saved. */
    private static String wayOut(Vm vm) {
        return vm.saved().isEmpty() ? "" : "; or give up what was saved: start --discard-saved";
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a message to this thread; what comes of it is handled there
    private void placeLater(VmId id) {
        timer.schedule(() -> place(id), REFUSAL_COUNTS.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static boolean wantsHost(Vm vm) {
        return vm.desired() instanceof Desired.Running && vm.owner().isEmpty() && vm.phase() != Phase.FAILED;
    }

    private Map<io.drover.scheduler.host.HostId, String> refused(Vm vm, Instant now) {
        Map<io.drover.scheduler.host.HostId, String> refused = new HashMap<>();
        vm.refusals().stream().filter(refusal -> refusal.time().plus(REFUSAL_COUNTS).isAfter(now))
                .forEach(refusal -> refused.put(SchedulerTypes.id(refusal.host()), refusal.message()));
        return refused;
    }

    private Set<String> files(VmSpec spec) {
        Set<String> files = new HashSet<>();
        for (ImageId id : spec.images()) {
            store.view().image(id).ifPresent(image -> image.value().source().files()
                    .forEach(file -> files.add(file.sha256().hex())));
        }
        return files;
    }

    /** Empty also when the model is gone, which nobody can delete while it is used: the start says so then. */
    private Optional<Cpu> cpu(VmSpec spec) {
        return spec.cpuModel().flatMap(id -> store.view().cpuModel(id)).map(model -> model.value().cpu());
    }

    /** The reason why it waits, for its users. If somebody else changed the record meanwhile, that change wakes it anyway. */
    private void say(Vm vm, int version) {
        store.commit(List.of(new Change.Put(vm, version))).exceptionally(failure -> {
            log.debug("{}: the reason for its waiting is not recorded: {}", vm.id(), failure.getMessage());
            return null;
        });
    }

    @SuppressWarnings("FutureReturnValueIgnored") // its outcome comes back as a message
    private void commit(List<Decision> batch) {
        inFlight++;
        store.commit(batch.stream().map(Decision::change).toList())
                .whenComplete((nothing, failure) -> inbox.add(() -> committed(batch, Optional.ofNullable(failure))));
    }

    private void committed(List<Decision> batch, Optional<Throwable> failure) {
        inFlight--;
        if (failure.isEmpty()) {
            return;
        }
        log.debug("{} placements were not committed: {}", batch.size(), failure.get().getMessage());
        if (failure.get() instanceof CommitException.Unknown) {
            return;
        }
        for (Decision decision : batch) {
            assumed.remove(decision.uid);
            cluster.release(decision.uid).ifPresent(held -> waiting.hostChanged(held.host()));
            store.view().vm(decision.id).ifPresent(vm -> account(vm.value()));
            if (failure.get() instanceof CommitException.Conflict) {
                place(decision.id);
            }
        }
    }

    /** The ledger follows the record, unless a newer owner has just been decided here. */
    private void account(Vm vm) {
        VmUid uid = new VmUid(vm.uid());
        Owner decided = assumed.get(uid);
        if (decided != null && decided.epoch() > vm.lastEpoch()) {
            return;
        }
        assumed.remove(uid);
        if (vm.owner().isPresent()) {
            Reservation.Held holds = new Reservation.Held(SchedulerTypes.id(vm.owner().get().host()),
                    SchedulerTypes.demand(vm.spec()));
            Optional<Reservation.Held> before = cluster.reservation(uid);
            if (!before.equals(Optional.of(holds))) {
                before.ifPresent(was -> waiting.hostChanged(was.host()));
                cluster.restore(uid, holds.host(), holds.demand());
            }
        } else {
            cluster.release(uid).ifPresent(held -> waiting.hostChanged(held.host()));
        }
        accountDestination(vm);
        if (!wantsHost(vm)) {
            noLongerWaits(uid);
        }
    }

    /** While a VM migrates it holds room on both hosts. */
    private void accountDestination(Vm vm) {
        VmUid uid = arriving(vm.uid());
        Optional<HostId> destination = vm.migration().underWay().flatMap(move -> vm.migration().destination());
        if (destination.isPresent()) {
            Reservation.Held holds = new Reservation.Held(SchedulerTypes.id(destination.get()),
                    SchedulerTypes.demand(vm.spec()));
            if (!cluster.reservation(uid).equals(Optional.of(holds))) {
                cluster.restore(uid, holds.host(), holds.demand());
            }
        } else {
            cluster.release(uid).ifPresent(held -> waiting.hostChanged(held.host()));
        }
    }

    private static VmUid arriving(String uid) {
        return new VmUid(uid + " arriving");
    }

    private void forget(Vm vm) {
        VmUid uid = new VmUid(vm.uid());
        assumed.remove(uid);
        cluster.release(uid).ifPresent(held -> waiting.hostChanged(held.host()));
        cluster.release(arriving(vm.uid())).ifPresent(held -> waiting.hostChanged(held.host()));
        noLongerWaits(uid);
    }

    private void noLongerWaits(VmUid uid) {
        waiting.remove(uid);
        waitingNames.remove(uid);
        waitingRequests.remove(uid);
    }

    private void hostIsNow(HostId id) {
        Optional<Versioned<Host>> host = store.view().host(id);
        if (host.isEmpty() || host.get().value().fenced()) {
            cluster.remove(SchedulerTypes.id(id));
        } else if (cluster
                .put(SchedulerTypes.facts(host.get().value(), links.reach(id).ready())) != Cluster.Change.UNCHANGED) {
            waiting.hostChanged(SchedulerTypes.id(id));
            renewReasonsSoon();
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a message to this thread; what comes of it is handled there
    private void renewReasonsSoon() {
        if (!renewalDue && !waitingRequests.isEmpty()) {
            renewalDue = true;
            timer.schedule(() -> inbox.add(this::renewReasons), REASONS_RENEWED_AFTER.toMillis(),
                    TimeUnit.MILLISECONDS);
        }
    }

    private void renewReasons() {
        renewalDue = false;
        for (VmUid uid : waitingRequests.keySet().stream().limit(REASONS_RENEWED).toList()) {
            waitingRequests.remove(uid);
            VmId name = waitingNames.get(uid);
            if (queued.add(name)) {
                queue.add(name);
            }
        }
    }

    @Override
    public void close() {
        inbox.add(() -> closed = true);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
