package io.drover.agent.migration;

import io.drover.agent.driver.VmIdentity;
import io.drover.agent.handoff.OwnershipRecord;
import io.drover.scheduler.host.HostId;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * What this host's part in migrations rests on.
 *
 * @param host this one
 * @param records where the owner of a VM is decided
 * @param session in which they are asked and answered; {@link io.drover.agent.lease.Leases#NONE} while there is none
 */
public record Migrations(HostId host, MigrationNetwork network, Function<VmIdentity, OwnershipRecord> records,
        LongSupplier session) {}
