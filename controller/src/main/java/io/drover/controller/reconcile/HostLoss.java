package io.drover.controller.reconcile;

import io.drover.controller.record.HostLease;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;

/** Whether a host that has no session is lost, so that VMs which ran there under leases have stopped for certain. */
sealed interface HostLoss {
    /** It is there, or nothing can be concluded from its absence. */
    record None() implements HostLoss {}

    /** Its leases may last for so much longer. */
    record Waiting(Duration left) implements HostLoss {}

    /** Its leases are over, but too many hosts vanished together: a person has to say which machines are off. */
    record Braked(int vanished, int hosts) implements HostLoss {}

    /**
     * Its leases are over.
     *
     * @param version of the host's record all the while: it has another when the host has been back since
     */
    record Lost(int version) implements HostLoss {}

    /**
     * A host without a session, as one controller has seen it without a gap while it led.
     *
     * @param version of its record
     * @param sinceNanos on a monotonic clock
     */
    record Absence(int version, long sinceNanos) {}

    /** Hosts that vanish within so much of each other have vanished together. */
    Duration TOGETHER = Duration.ofMinutes(2);
    /** More than one in so many: it is the network. */
    int BRAKE_PART = 3;
    /** A single host is never a crowd. */
    int BRAKE_HOSTS = 2;

    /**
     * Judges one host; a pure function.
     *
     * @param absence of the host; empty when it is there
     * @param all absences of hosts, this one too
     * @param hosts how many there are, away or not
     * @param nowNanos on the clock of the absences
     */
    static HostLoss judge(Optional<Absence> absence, Optional<HostLease> lease, Collection<Absence> all, int hosts,
            long nowNanos) {
        if (absence.isEmpty() || lease.isEmpty()) {
            return new None();
        }
        long since = absence.get().sinceNanos();
        Duration left = lease.get().takeoverWait().minusNanos(nowNanos - since);
        if (left.isPositive()) {
            return new Waiting(left);
        }
        int vanished = (int) all.stream()
                .filter(other -> Math.abs(other.sinceNanos() - since) <= TOGETHER.toNanos()).count();
        return vanished >= BRAKE_HOSTS && vanished * BRAKE_PART > hosts ? new Braked(vanished, hosts)
                : new Lost(absence.get().version());
    }
}
