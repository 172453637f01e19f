package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.host.HostId;
import java.util.Map;
import java.util.Set;

/**
 * A VM that looks for a host.
 *
 * @param imageFiles what identifies the files of its image, such as their SHA-256; a host that holds them all is
 *     preferred
 * @param refused hosts that have refused this VM, each with its reason for people; they are not asked again
 */
public record Request(Demand demand, Constraints constraints, Set<String> imageFiles, Map<HostId, String> refused) {
    public Request {
        imageFiles = Set.copyOf(imageFiles);
        refused = Map.copyOf(refused);
    }

    /** Any host that has room. */
    public static Request of(Demand demand) {
        return new Request(demand, Constraints.NONE, Set.of(), Map.of());
    }

    public Request withConstraints(Constraints wanted) {
        return new Request(demand, wanted, imageFiles, refused);
    }

    public Request withImageFiles(Set<String> files) {
        return new Request(demand, constraints, files, refused);
    }

    public Request withRefused(Map<HostId, String> reasons) {
        return new Request(demand, constraints, imageFiles, reasons);
    }
}
