package io.drover.controller.record;

import io.drover.scheduler.migration.Change;
import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.HoldEvent;
import io.drover.scheduler.migration.Migration;
import io.drover.scheduler.migration.Move;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The durable thing that a user owns. Everything that decides who may run it is in this one record, so that one
 * compare-and-set decides it. The methods that return a Vm are the only changes there are; none looks at anything but
 * its arguments.
 *
 * @param uid never used again, even when the name is
 * @param generation grows with each change of what is wanted, but not when it runs on as it could not be saved
 * @param owner the one host that may run the VM; empty when none may
 * @param lastEpoch the highest epoch ever given
 * @param lastEnd how the last run ended
 * @param reboots of the guest in its last run that ended
 * @param refusals hosts that refused this generation, the newest last, at most {@value #MAX_REFUSALS}
 * @param remains the host that still keeps the console log of a run that ended
 * @param disksHost the host that keeps what the guest has written to its disks: no other may become the owner
 * @param saved what a host keeps of the guest, so that no other may become the owner; it goes with the next run that begins
 * @param devices how far the run is behind the spec
 * @param migration the latest
 */
public record Vm(VmId id, String uid, long generation, VmSpec spec, Desired desired, Optional<Owner> owner,
        long lastEpoch,
        Status status, Optional<RunEnd> lastEnd, Optional<Placement> placement, Instant created, int reboots,
        List<Refusal> refusals, Optional<HostId> remains, Optional<HostId> disksHost, Optional<SavedGuest> saved,
        DeviceState devices, VmMigration migration) implements StoredRecord {
    /** More would not fit into a record of 2 KiB, and the scheduler forgets the oldest soon anyway. */
    static final int MAX_REFUSALS = 3;
    /** What five starts could not do, the sixth will not; a single host has taken four minutes for them. */
    static final int MAX_FAILURES = 5;

    public Vm {
        refusals = List.copyOf(refusals);
        if (owner.isPresent() && owner.get().epoch() > lastEpoch) {
            throw new IllegalArgumentException("last epoch : " + lastEpoch + " (expected: at least the owner's, "
                    + owner.get().epoch() + ")");
        }
        if (migration.underWay().isPresent()) {
            // Checks that the owner is the source.
            Hold _ = hold(owner, lastEpoch, migration.latest());
        }
    }

    public static Vm created(VmId id, String uid, VmSpec spec, Desired desired, Instant now) {
        Phase phase = desired instanceof Desired.Running ? Phase.PENDING : Phase.STOPPED;
        return new Vm(id, uid, 1, spec, desired, Optional.empty(), 0, new Status(phase, "", now), Optional.empty(),
                Optional.empty(), now, 0, List.of(), Optional.empty(), Optional.empty(),
                Optional.empty(), DeviceState.NONE,
                VmMigration.NONE);
    }

    public Phase phase() {
        return status.phase();
    }

    /** No host may run it and nothing is on its way: the run, if there was one, is over for certain. */
    public boolean atRest() {
        return owner.isEmpty()
                && (phase() == Phase.STOPPED || phase() == Phase.FAILED || phase() == Phase.SUSPENDED);
    }

    /** A user wants it to run, again if it failed. */
    public Vm askedToRun(Instant now) {
        Status next = owner.isPresent() ? status : new Status(Phase.PENDING, "", now);
        return new Vm(id, uid, generation + 1, spec, new Desired.Running(), owner, lastEpoch, next, lastEnd, placement,
                created,
                reboots, List.of(), remains, disksHost, saved, devices, migration);
    }

    /** What was saved of it is thrown away. */
    public Vm askedToStop(Desired.Stopped how) {
        Status next = phase() == Phase.SUSPENDED ? new Status(Phase.STOPPED, "", status.since()) : status;
        return new Vm(id, uid, generation + 1, spec, how, owner, lastEpoch, next, lastEnd, placement, created,
                reboots,
                refusals, remains, disksHost, Optional.empty(), devices, calledOff("the VM is to be stopped"));
    }

    /**
     * It is to be saved, and then to be off. One that has not gone on yet from what was saved stays as it is.
     *
     * @throws IllegalStateException when there is neither a run nor anything saved
     */
    public Vm askedToSuspend(Instant now) {
        if (owner.isEmpty() && saved.isEmpty()) {
            throw new IllegalStateException(id + " is " + phase() + " (expected: it runs, or is saved)");
        }
        Status next = owner.isPresent() ? status : new Status(Phase.SUSPENDED, "", now);
        return new Vm(id, uid, generation + 1, spec, new Desired.Suspended(), owner, lastEpoch, next, lastEnd,
                placement, created, reboots, refusals, remains, disksHost, saved, devices, migration);
    }

    /** It could not be saved: it is to run on. */
    public Vm notSuspended(String why, Instant now) {
        return new Vm(id, uid, generation, spec, new Desired.Running(), owner, lastEpoch,
                new Status(Phase.RUNNING, why, now), lastEnd, placement, created, reboots, refusals, remains,
                disksHost, saved, devices, migration);
    }

    /** This is what is kept of the guest, if anything is. */
    public Vm withSaved(Optional<SavedGuest> kept) {
        return new Vm(id, uid, generation, spec, desired, owner, lastEpoch, status, lastEnd, placement, created,
                reboots, refusals, remains, disksHost, kept, devices, migration);
    }

    /** The one host that can run it, as it keeps what the guest has written or was. */
    public Optional<HostId> home() {
        return saved.map(SavedGuest::host).or(() -> disksHost);
    }

    public Vm askedToGo(Instant now) {
        return new Vm(id, uid, generation + 1, spec, new Desired.Deleted(), owner, lastEpoch,
                new Status(Phase.DELETING, "", now), lastEnd, placement, created, reboots, refusals, remains,
                disksHost, Optional.empty(), devices, calledOff("the VM is to be deleted"));
    }

    public Vm in(Phase phase, String message, Instant now) {
        Instant since = phase == phase() ? status.since() : now;
        return new Vm(id, uid, generation, spec, desired, owner, lastEpoch, new Status(phase, message, since), lastEnd,
                placement,
                created, reboots, refusals, remains, disksHost, saved, devices, migration);
    }

    /** No host fits: waits, with the reason. */
    public Vm unplaced(Placement decision, String message, Instant now) {
        Instant since = phase() == Phase.PENDING ? status.since() : now;
        return new Vm(id, uid, generation, spec, desired, owner, lastEpoch, new Status(Phase.PENDING, message, since),
                lastEnd,
                Optional.of(decision), created, reboots, refusals, remains, disksHost, saved, devices, migration);
    }

    /**
     * A new owner, under a new epoch.
     *
     * @throws IllegalStateException when another host still may run it
     */
    public Vm placed(Placement decision, Instant now) {
        if (owner.isPresent()) {
            throw new IllegalStateException(id + " is owned by " + owner.get() + " (expected: no owner)");
        }
        HostId host = decision.host().orElseThrow(() -> new IllegalArgumentException("the decision names no host"));
        Owner next = new Owner(host, lastEpoch + 1, spec.ha() == HaPolicy.RESTART);
        return new Vm(id, uid, generation, spec, desired, Optional.of(next), next.epoch(),
                new Status(Phase.STARTING, "", now), lastEnd, Optional.of(decision), created, reboots, refusals,
                remains, disksHost, saved, devices, migration);
    }

    /** The owner said for certain that it does not and will not run this epoch. */
    public Vm refused(HostId by, String message, Instant now) {
        return new Vm(id, uid, generation, spec, desired, Optional.empty(), lastEpoch,
                new Status(Phase.PENDING, by.resourceName() + " refused: " + message, now), lastEnd, placement, created,
                reboots,
                refusedBy(by, message, failures(), now), remains, disksHost, saved,
                devices.atRest(disksHost.isPresent()),
                runOver());
    }

    /**
     * The owner could not start it, for a reason of its own, and will not run this epoch: another host is tried, until
     * {@value #MAX_FAILURES} starts of this generation have failed.
     */
    public Vm failedBy(HostId by, RunEnd end, int rebootsOfRun, Instant now) {
        List<Refusal> next = refusedBy(by, end.message(), failures() + 1, now);
        Status told = failures() + 1 < MAX_FAILURES
                ? new Status(Phase.PENDING, by.resourceName() + " could not start it: " + end.message(), now)
                : new Status(Phase.FAILED, Texts.join(MAX_FAILURES + " starts have failed: ", next.stream()
                        .map(refusal -> refusal.host().resourceName() + ": " + refusal.message()).toList()), now);
        return new Vm(id, uid, generation, spec, desired, Optional.empty(), lastEpoch, told, Optional.of(end),
                placement,
                created, rebootsOfRun, next, Optional.of(by), disksHost, saved, devices.atRest(disksHost.isPresent()),
                runOver());
    }

    private int failures() {
        return refusals.isEmpty() ? 0 : refusals.getLast().failures();
    }

    private List<Refusal> refusedBy(HostId by, String message, int failures, Instant now) {
        List<Refusal> next = new ArrayList<>(refusals.stream().filter(refusal -> !refusal.host().equals(by)).toList());
        next.add(new Refusal(by, message, now, failures));
        if (next.size() > MAX_REFUSALS) {
            next.removeFirst();
        }
        return next;
    }

    /**
     * The run of the owner is over; the owner keeps what remains of it.
     *
     * @param then the phase that follows
     */
    public Vm ended(RunEnd end, int rebootsOfRun, Phase then, Instant now) {
        return new Vm(id, uid, generation, spec, desired, Optional.empty(), lastEpoch,
                new Status(then, then == Phase.PENDING ? "" : end.message(), now), Optional.of(end), placement, created,
                rebootsOfRun, refusals, owner.map(Owner::host).or(() -> remains), disksHost, saved,
                devices.atRest(disksHost.isPresent()), runOver());
    }

    /**
     * The owner will never run it again, says a person, or its leases are over for certain. Its epoch ends, and one more is
     * used up: whatever was on its way to that host under its own is older than this record.
     *
     * @param then the phase that follows
     * @param away the hosts that surely run nothing
     * @throws IllegalStateException when the destination of a migration may have the guest
     */
    public Vm fencedOff(RunEnd end, Phase then, Set<io.drover.scheduler.host.HostId> away, Instant now) {
        Optional<HostId> lost = owner.map(Owner::host);
        return new Vm(id, uid, generation, spec, desired, Optional.empty(), lastEpoch + 1,
                new Status(then, end.message(), now), Optional.of(end), placement, created, reboots, refusals,
                remains.filter(host -> !lost.equals(Optional.of(host))), disksHost, saved,
                devices.atRest(disksHost.isPresent()), migration.now(after(new HoldEvent.TakeAway(away))));
    }

    /** The host keeps disks to which the guest may have written: what a run elsewhere would find is not what was written. */
    public Vm withDisksOn(HostId host) {
        return new Vm(id, uid, generation, spec, desired, owner, lastEpoch, status, lastEnd, placement, created,
                reboots, refusals, remains, Optional.of(host), saved, devices, migration);
    }

    /** The guest powered itself off: that is what its user wanted. */
    public Vm turnedOff() {
        return new Vm(id, uid, generation + 1, spec, new Desired.Stopped(Duration.ZERO), owner, lastEpoch, status,
                lastEnd, placement, created, reboots, refusals, remains, disksHost, saved, devices, migration);
    }

    /**
     * Its user wants other devices. What runs has them later; what does not run has them from the next start on.
     *
     * @param next the spec with the change
     */
    public Vm withDevices(VmSpec next, DeviceChange.Kind kind) {
        DeviceState changing = devices.changing(kind);
        return new Vm(id, uid, generation, next, desired, owner, lastEpoch, status, lastEnd, placement, created,
                reboots,
                refusals, remains, disksHost, saved,
                owner.isPresent() ? changing : changing.atRest(disksHost.isPresent()),
                migration);
    }

    /** The run has the change of devices. */
    public Vm devicesChanged() {
        return withDevices(spec, devices.done());
    }

    /** The run cannot have the change of devices: its user gets the spec back as it was. */
    public Vm devicesNotChanged(String why) {
        return withDevices(devices.pending().map(change -> change.undone(spec)).orElse(spec), devices.failed(why));
    }

    /** The run has begun: disks that came before it are made, and nothing is left of those that went. */
    public Vm withDisksInPlace() {
        return withDevices(spec, devices.afterStart());
    }

    private Vm withDevices(VmSpec nextSpec, DeviceState next) {
        return new Vm(id, uid, generation, nextSpec, desired, owner, lastEpoch, status, lastEnd, placement, created,
                reboots, refusals, remains, disksHost, saved, next, migration);
    }

    /** The part that says which host may run it: what may become of that is {@link Hold#after}'s to say. */
    public Hold hold() {
        return hold(owner, lastEpoch, migration.latest());
    }

    private static Hold hold(Optional<Owner> owner, long lastEpoch, Migration migration) {
        return new Hold(owner.map(held -> new io.drover.scheduler.migration.Owner(
                new io.drover.scheduler.host.HostId(held.host().value()), held.epoch())), lastEpoch, migration);
    }

    /**
     * A migration begins; what was kept of the one before goes.
     *
     * @throws IllegalStateException when {@link #hold} refuses it
     */
    public Vm migrating(Move move) {
        return withMigration(new VmMigration(after(new HoldEvent.Begin(move)), "", Optional.empty()));
    }

    /**
     * The migration that is under way is to end.
     *
     * @param why for people
     * @throws IllegalStateException when it is too late for that, or none is under way
     */
    public Vm migrationCancelled(String why) {
        String id = migration.attempt().map(Move::id).orElse("");
        return withMigration(
                new VmMigration(after(new HoldEvent.AskCancel(id)), why, Optional.empty()));
    }

    /** All is known of the migration that has ended. The placement says from then on where the VM is. */
    public Vm migrationReported(MigrationReport report) {
        Optional<Placement> where = migration.latest() instanceof Migration.Committed
                && owner.map(Owner::host).equals(migration.destination())
                        ? placement.map(decision -> decision.on(owner.get().host()))
                        : placement;
        return new Vm(id, uid, generation, spec, desired, owner, lastEpoch, status, lastEnd, where, created, reboots,
                refusals, remains, disksHost, saved, devices,
                new VmMigration(migration.latest(), migration.cancelReason(), Optional.of(report)));
    }

    private Vm withMigration(VmMigration next) {
        return new Vm(id, uid, generation, spec, desired, owner, lastEpoch, status, lastEnd, placement, created,
                reboots, refusals, remains, disksHost, saved, devices, next);
    }

    private VmMigration calledOff(String why) {
        return migration.cancellable() ? migrationCancelled(why).migration : migration;
    }

    /** The owner's run is over, so whatever was to move does not. */
    private VmMigration runOver() {
        return owner.map(held -> migration.now(after(new HoldEvent.EndRun(held.epoch())))).orElse(migration);
    }

    private Migration after(HoldEvent event) {
        return switch (hold().after(event)) {
            case Change.To(Hold next) -> next.migration();
            case Change.Refused(Change.Reason reason, String why) -> throw new IllegalStateException(
                    id + ": " + event + " is refused, " + reason + ": " + why);
        };
    }
}
