package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.host.HostId;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A VM that looks for a host.
 *
 * @param imageFiles what identifies the files of its image, such as their SHA-256; a host that holds them all is
 *     preferred
 * @param refused hosts that have refused this VM, each with its reason for people; they are not asked again
 * @param home the host that keeps what the VM has written to its disks, or what was saved of its guest: no other can run it;
 *     empty while none does
 */
public record Request(Demand demand, Constraints constraints, Set<String> imageFiles, Map<HostId, String> refused,
        Optional<HostId> home) {
    public Request {
        imageFiles = Set.copyOf(imageFiles);
        refused = Map.copyOf(refused);
    }

    /** Of a VM that no host keeps anything of. */
    public Request(Demand demand, Constraints constraints, Set<String> imageFiles, Map<HostId, String> refused) {
        this(demand, constraints, imageFiles, refused, Optional.empty());
    }

    /** Any host that has room. */
    public static Request of(Demand demand) {
        return new Request(demand, Constraints.NONE, Set.of(), Map.of(), Optional.empty());
    }

    public Request withConstraints(Constraints wanted) {
        return new Request(demand, wanted, imageFiles, refused, home);
    }

    public Request withImageFiles(Set<String> files) {
        return new Request(demand, constraints, files, refused, home);
    }

    public Request withRefused(Map<HostId, String> reasons) {
        return new Request(demand, constraints, imageFiles, reasons, home);
    }

    public Request withHome(HostId host) {
        return new Request(demand, constraints, imageFiles, refused, Optional.of(host));
    }
}
