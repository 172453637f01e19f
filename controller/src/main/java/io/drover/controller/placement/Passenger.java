package io.drover.controller.placement;

import io.drover.controller.record.Vm;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.migration.Guest;
import io.drover.scheduler.placement.Request;
import java.util.ArrayList;
import java.util.List;

/**
 * A VM that somebody wants to move.
 *
 * @param runs whether its owner tells that it runs, and it shall go on running
 * @param driver that runs it, as its owner tells
 */
public record Passenger(Vm vm, boolean runs, String driver) {
    Guest guest(Request request) {
        // Of one that does not run, or by a driver that this version does not know, other things are wrong.
        Driver known = Driver.ofId(driver).orElse(Driver.QEMU);
        return new Guest(runs, known, vm.devices().pending().isPresent(), boundTo(), request);
    }

    /** Sockets of its host, whose other ends do not move along. */
    private List<String> boundTo() {
        List<String> bound = new ArrayList<>();
        if (vm.spec().vsock()) {
            bound.add("vsock");
        }
        vm.spec().consoles().ports().forEach(port -> bound.add("port " + port));
        return bound;
    }
}
