package io.drover.agent.vm;

import io.drover.agent.cluster.ClusterAwayException;
import io.drover.agent.cluster.Ownership;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.handoff.HandOffNote;
import io.drover.agent.holding.NoteFile;
import io.drover.proto.agent.v1.VmObservation;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes on with what an earlier agent left, VM by VM: adopts those whose record names this host with the same uid and
 * epoch, destroys the others and keeps their logs. As long as ZooKeeper is away nothing is decided, and what runs
 * runs on.
 */
final class Recovery {
    private static final Logger log = LoggerFactory.getLogger(Recovery.class);
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(20);

    private final HostVms.Foundations on;
    private final Graveyard graveyard;
    private final Vm.Surroundings surroundings;
    private final Consumer<Vm> kept;

    /**
     * A recovery.
     *
     * @param kept told of each VM that is here to stay, before it is adopted
     */
    Recovery(HostVms.Foundations on, Graveyard graveyard, Vm.Surroundings surroundings, Consumer<Vm> kept) {
        this.on = on;
        this.graveyard = graveyard;
        this.surroundings = surroundings;
        this.kept = kept;
    }

    /** Returns when every VM folder is decided on. */
    void run() throws InterruptedException, IOException {
        List<CompletableFuture<VmObservation>> adoptions = new ArrayList<>();
        for (VmFolder folder : VmFolder.in(on.folder())) {
            try {
                recover(folder).ifPresent(adoptions::add);
            } catch (IOException | IllegalArgumentException e) {
                // Not decided, so not touched: a person has to look.
                log.error("VM folder {}: left alone, because it cannot be understood", folder.path(), e);
            }
        }
        for (CompletableFuture<VmObservation> adoption : adoptions) {
            try {
                adoption.get();
            } catch (ExecutionException e) {
                log.error("a VM could not be adopted", e);
            }
        }
    }

    private Optional<CompletableFuture<VmObservation>> recover(VmFolder folder)
            throws IOException, InterruptedException {
        Optional<LocalRecord> found = LocalRecord.read(folder);
        if (found.isEmpty()) {
            // Nothing is spawned before the record is written, and removal takes the record first.
            killAll(folder);
            folder.delete();
            return Optional.empty();
        }
        LocalRecord local = found.get();
        StartOrder order = StartOrder.of(local.start());
        Optional<HandOffNote> note = new NoteFile(folder.handOff()).read()
                .filter(left -> order.identity().epoch() == left.move().epoch()
                        || order.identity().epoch() == left.move().epoch() + 1);
        if (note.isPresent()) {
            log.info("VM {}: an earlier agent left it in migration {}", order.identity(), note.get().move().id());
            Vm vm = vm(folder, local, order);
            CompletableFuture<VmObservation> rejoined = vm.rejoin(note.get());
            kept.accept(vm);
            return Optional.of(rejoined);
        }
        boolean ended = local.state() instanceof LocalState.Ended;
        Ownership ownership = ownership(order.identity());
        // The end of a VM that nobody owns now may not have been heard of yet, and its logs may still be read.
        boolean stays = ownership instanceof Ownership.Ours || (ended && ownership instanceof Ownership.Nobodys)
                || (local.isSuspended() && ownership.isAwaitedHere()) || ownership.disksStay();
        if (!stays) {
            log.warn("VM {}: left by an earlier agent, destroyed here: {}", order.identity(), ownership.why());
            killAll(folder);
            order.nics(on.networks()).release();
            graveyard.bury(folder, order.identity().name(), ownership.why());
            return Optional.empty();
        }
        // A hand-off that it speaks of has ended: its note is gone, and what it led to is recorded.
        Vm vm = vm(folder, local.leavingBy(Optional.empty()), order);
        kept.accept(vm);
        if (ended) {
            return Optional.of(vm.remember());
        }
        return Optional.of(ownership instanceof Ownership.Ours ? vm.adopt() : vm.retire(ownership.why()));
    }

    private Vm vm(VmFolder folder, LocalRecord local, StartOrder order) throws IOException {
        String name = local.start().getDriver();
        Driver driver = Optional.ofNullable(on.drivers().get(name)).orElseThrow(() -> new IOException(
                "VM " + order.identity() + " needs the driver " + name + ", which this agent was told not to offer"));
        StartOrder.Prepared prepared = order.prepareAgain(on.files(), folder, on.networks());
        return new Vm(prepared, driver, folder, local, surroundings, Arrivals.preparation(on, folder));
    }

    private void killAll(VmFolder folder) throws IOException, InterruptedException {
        for (Driver driver : on.drivers().values()) {
            driver.endAll(folder, KILL_PATIENCE);
        }
    }

    private Ownership ownership(VmIdentity identity) throws InterruptedException {
        boolean told = false;
        while (true) {
            try {
                return on.records().ownership(identity.name(), identity.uid(), identity.epoch());
            } catch (ClusterAwayException e) {
                if (!told) {
                    log.warn("VM {}: left as it is until its record can be read: {}", identity, e.getMessage());
                    told = true;
                }
                Thread.sleep(RETRY);
            }
        }
    }
}
