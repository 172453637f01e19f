package io.drover.controller.feed;

import io.drover.controller.agent.HostReach;
import io.drover.controller.agent.Observation;
import io.drover.controller.record.Desired;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Vm;
import java.time.Instant;
import java.util.Optional;

/**
 * A VM as users see it: its record, and what this controller knows of the host that it depends on.
 *
 * @param reach of the owner, or of the host whose remains a deletion waits for
 * @param run what the owner tells of it
 */
public record VmSight(Vm vm, Optional<HostReach> reach, Optional<Observation> run) {
    /** The host that this VM depends on now. */
    static Optional<HostId> dependsOn(Vm vm) {
        return vm.owner().map(Owner::host)
                .or(() -> vm.desired() instanceof Desired.Deleted ? vm.remains() : Optional.empty());
    }

    /** False also when it depends on no host. */
    public boolean reachable() {
        return reach.map(HostReach::ready).orElse(false);
    }

    /** Why it is as it is, for people; may be empty. */
    public String message() {
        String host = dependsOn(vm).map(HostId::resourceName).orElse("");
        return reach.map(now -> switch (now) {
            case HostReach.Ready() -> progress().orElse(vm.status().message());
            case HostReach.Away(Instant since) -> "waiting for " + host + ", away since " + since
                    + (vm.status().message().isEmpty() ? "" : ": " + vm.status().message());
            case HostReach.Unreachable(Instant since, String why) ->
                "waiting for " + host + ", which cannot be reached since " + since + ": " + why;
        }).orElse(vm.status().message());
    }

    private Optional<String> progress() {
        return run.filter(Observation::isBeingSaved).flatMap(Observation::saving)
                .filter(saving -> saving.memoryBytes() > 0 && vm.status().message().isEmpty())
                .map(saving -> "saving its memory: " + (saving.doneBytes() >> 20) + " of "
                        + (saving.memoryBytes() >> 20) + " MiB");
    }

    /** "kvm" or "qemu"; empty before it was placed. */
    public String driver() {
        return run.map(Observation::driver).filter(name -> !name.isEmpty())
                .or(() -> vm.placement().map(io.drover.controller.record.Placement::driver)).orElse("");
    }

    public int reboots() {
        return run.map(Observation::reboots).orElse(vm.reboots());
    }
}
