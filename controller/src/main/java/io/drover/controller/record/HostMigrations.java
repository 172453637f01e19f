package io.drover.controller.record;

import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.MigrationAbility;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a host's agent says that it can do in live migrations.
 *
 * @param protocol the newest version that it speaks, at least 1
 * @param oldestProtocol the oldest; 0: only that one
 * @param mirrorsDisks whether it takes a VM's disks as a destination
 * @param drivers whose VMs it migrates; none: those of kvm
 */
public record HostMigrations(int protocol, int oldestProtocol, boolean mirrorsDisks, List<String> drivers) {
    public HostMigrations {
        drivers = List.copyOf(drivers);
    }

    /** In the scheduler's words; empty when it contradicts itself. */
    public Optional<MigrationAbility> ability() {
        int oldest = oldestProtocol == 0 ? protocol : oldestProtocol;
        return protocol < 1 || oldest < 1 || oldest > protocol ? Optional.empty()
                : Optional.of(new MigrationAbility(oldest, protocol, mirrorsDisks,
                        (drivers.isEmpty() ? List.of(Driver.KVM.id()) : drivers).stream().map(Driver::ofId)
                                .flatMap(Optional::stream).collect(Collectors.toUnmodifiableSet())));
    }
}
