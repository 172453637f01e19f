package io.drover.agent.vm;

import io.drover.agent.cluster.ClusterAwayException;
import io.drover.agent.cluster.Ownership;
import io.drover.agent.cluster.VmRecords;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.handoff.HandOff;
import io.drover.agent.handoff.SourceHandOff;
import io.drover.agent.holding.HoldCodec;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.state.v1.VmRecord;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that what runs here is what the records say: whoever may not run here any more is destroyed, and whoever is to leave
 * begins to. Safe for all threads.
 */
final class RecordAudit {
    private static final Logger log = LoggerFactory.getLogger(RecordAudit.class);
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final HostVms.Foundations on;
    private final VmRegister register;
    private final Graveyard graveyard;

    RecordAudit(HostVms.Foundations on, VmRegister register, Graveyard graveyard) {
        this.on = on;
        this.register = register;
        this.graveyard = graveyard;
    }

    /** A VM is here from now on: its record is looked at whenever it may have changed. */
    void watch(VmIdentity identity) {
        on.watch().add(identity.name(), identity.uid(), this::recordMayHaveChanged);
    }

    /** A VM is not here any more. */
    void forget(Vm vm) {
        String uid = vm.plan().identity().uid();
        if (register.forget(vm)) {
            on.watch().remove(uid);
            on.board().removed(uid);
        }
    }

    /** Looks at the record of a VM soon. */
    void recordMayHaveChanged(String uid) {
        on.leases().doubt(uid);
        Thread.ofVirtual().name("audit " + uid).start(() -> {
            Lock going = register.coming(uid);
            try {
                going.lockInterruptibly();
                try {
                    audit(uid);
                } finally {
                    going.unlock();
                }
            } catch (InterruptedException expected) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /**
     * Reads the record of a VM that runs here, destroys the VM if this host may not run it, and joins a migration by which it is
     * to leave. What is in a hand-off is left to that.
     */
    private void audit(String uid) throws InterruptedException {
        Optional<Vm> found = register.find(uid);
        found.ifPresent(Vm::recordMayHaveChanged);
        if (found.isEmpty() || found.get().isMoving() || found.get().hasEnded()) {
            return;
        }
        Vm vm = found.get();
        VmIdentity identity = vm.plan().identity();
        try {
            VmRecords.Look look = on.records().look(identity.name(), identity.uid(), identity.epoch());
            Ownership ownership = look.ownership();
            if (ownership instanceof Ownership.Ours) {
                look.record().ifPresent(record -> joinIfLeaving(vm, record));
            } else {
                vm.destroy(ownership.why()).get();
                if (ownership.disksStay()) {
                    return;
                }
                forget(vm);
                vm.close();
                graveyard.bury(vm.folder(), identity.name(), ownership.why());
            }
        } catch (ClusterAwayException e) {
            log.info("VM {}: its record cannot be read; trying again: {}", identity, e.getMessage());
            auditAgain(uid);
        } catch (ExecutionException | IOException e) {
            log.error("VM {}: may not run here, but cannot be destroyed; trying again", identity, e);
            auditAgain(uid);
        }
    }

    private void joinIfLeaving(Vm vm, VmRecord record) {
        try {
            Optional<HandOff.Step> first = HandOff.join(HoldCodec.decode(record), on.migrations().host())
                    .filter(step -> step.next() instanceof SourceHandOff);
            if (first.isEmpty()) {
                return;
            }
            if (vm.isRunning()) {
                log.info("VM {}: leaves by migration {}", vm.plan().identity(), first.get().next().move().id());
                CompletableFuture<VmObservation> _ = vm.join(first.get());
            } else {
                // Its guest reboots, or has just come: there is nothing to send yet.
                auditAgain(vm.plan().identity().uid());
            }
        } catch (IllegalArgumentException e) {
            log.error("VM {}: its record cannot be understood", vm.plan().identity(), e);
        }
    }

    private void auditAgain(String uid) {
        try {
            ScheduledFuture<?> _ = on.timer().schedule(() -> recordMayHaveChanged(uid), RETRY.toMillis(),
                    TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("VM uid {}: the agent closes; the next one looks again", uid, e);
        }
    }
}
