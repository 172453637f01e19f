package io.drover.controller.record;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How far a VM's run is behind the devices in its spec.
 *
 * @param generation grows with each change of the devices
 * @param change the one that the owner is to make, or failed to make
 * @param addedDisks came while nothing ran: the host that keeps the others has none of them yet
 * @param removedDisks what their host keeps of them goes at the next start; none of these names is in the spec
 */
public record DeviceState(long generation, Optional<DeviceChange> change, List<String> addedDisks,
        List<String> removedDisks) {
    public static final DeviceState NONE = new DeviceState(0, Optional.empty(), List.of(), List.of());

    public DeviceState {
        Objects.requireNonNull(change);
        addedDisks = List.copyOf(addedDisks);
        removedDisks = List.copyOf(removedDisks);
    }

    /** The change that is to be made of the run. */
    public Optional<DeviceChange> pending() {
        return change.filter(DeviceChange::pending);
    }

    DeviceState changing(DeviceChange.Kind kind) {
        return new DeviceState(generation + 1, Optional.of(new DeviceChange(generation + 1, kind, Optional.empty())),
                addedDisks, removedDisks);
    }

    DeviceState done() {
        return new DeviceState(generation, Optional.empty(), addedDisks, removedDisks);
    }

    DeviceState failed(String why) {
        return new DeviceState(generation, change.map(was -> was.failed(why)), addedDisks, removedDisks);
    }

    /**
     * Nothing runs: what comes next has the spec as it is.
     *
     * @param keptDisks whether a host may keep disks of the VM
     */
    DeviceState atRest(boolean keptDisks) {
        Optional<DeviceChange> pending = pending();
        if (pending.isEmpty()) {
            return this;
        }
        if (!keptDisks) {
            return done();
        }
        DeviceChange.Kind kind = pending.get().kind();
        if (kind instanceof DeviceChange.Kind.AttachDisk(String disk)) {
            return new DeviceState(generation, Optional.empty(), with(addedDisks, disk), removedDisks);
        }
        if (kind instanceof DeviceChange.Kind.DetachDisk(Disk was, boolean _)) {
            return new DeviceState(generation, Optional.empty(),
                    addedDisks.stream().filter(name -> !name.equals(was.name())).toList(),
                    with(removedDisks, was.name()));
        }
        return done();
    }

    private static List<String> with(List<String> names, String name) {
        return Stream.concat(names.stream(), Stream.of(name)).distinct().toList();
    }

    /** A run has begun that has heard of both. */
    DeviceState afterStart() {
        return new DeviceState(generation, change, List.of(), List.of());
    }
}
