package io.drover.scheduler.migration;

import io.drover.scheduler.host.Driver;
import io.drover.scheduler.placement.Request;
import java.util.List;
import java.util.Objects;

/**
 * A guest that is to move.
 *
 * @param runs whether the owner's agent says that it runs, under the owner's epoch, and it shall go on running
 * @param driver that runs it
 * @param changing a change of its devices is not done yet
 * @param boundTo devices of it that are ends of something on its host, by name: they cannot move
 * @param request what it needs of a host; its home is the host that keeps its disks
 */
public record Guest(boolean runs, Driver driver, boolean changing, List<String> boundTo, Request request) {
    public Guest {
        Objects.requireNonNull(driver);
        Objects.requireNonNull(request);
        boundTo = List.copyOf(boundTo);
    }
}
