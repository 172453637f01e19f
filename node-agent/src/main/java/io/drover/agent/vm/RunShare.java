package io.drover.agent.vm;

import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineEnd;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.share.HostShares;
import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What of its host a run is given, each time that a process begins: CPUs to itself, memory, a cgroup, the same CPUID. */
final class RunShare {
    private static final Logger log = LoggerFactory.getLogger(RunShare.class);

    private final VmLedger ledger;
    private final HostShares shares;
    private final String driver;
    /** As in the record, for others to look at. */
    private volatile List<Integer> cpus;

    RunShare(VmLedger ledger, HostShares shares, String driver) {
        this.ledger = ledger;
        this.shares = shares;
        this.driver = driver;
        this.cpus = ledger.record().given().cpus();
    }

    /** The CPUs of the host that it has to itself. */
    List<Integer> cpus() {
        return cpus;
    }

    /** Gives it these CPUs, before it is started. */
    void give(List<Integer> allotted) {
        cpus = List.copyOf(allotted);
        LocalRecord record = ledger.record();
        ledger.set(record.withGiven(new LocalRecord.Given(cpus, record.given().cpuid())));
    }

    /** For a process that is to begin. */
    MachinePlan toSpawn() throws IOException {
        return ledger.plan().withShare(shares.give(ledger.plan(), ledger.prepared().share(), driver, cpus,
                ledger.record().given().cpuid()));
    }

    /** For a process that runs. */
    MachinePlan toAdopt() {
        return ledger.plan().withShare(shares.given(ledger.prepared().share(), cpus));
    }

    /** How it ended, with why if that was the kernel's doing: nobody else kills all of its processes and leaves no word. */
    MachineEnd explained(MachineEnd end) {
        return end instanceof MachineEnd.Failed(String message)
                ? new MachineEnd.Failed(shares.outOfMemory(ledger.identity().uid()).map(why -> message + "; " + why)
                        .orElse(message))
                : end;
    }

    /** So that the guest finds the same CPU when it reboots. */
    void rememberCpuid(Machine running) {
        LocalRecord record = ledger.record();
        if (!record.given().cpuid().isEmpty()) {
            return;
        }
        try {
            ledger.set(record.withGiven(new LocalRecord.Given(cpus, running.cpuid())));
        } catch (IOException e) {
            log.warn("VM {}: what its guest is shown by CPUID is not known", ledger.identity(), e);
        }
    }
}
