package io.drover.controller.record;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a user asked for.
 *
 * @param driver "kvm", "qemu", or empty for the best that a host offers
 * @param hostSelector labels that a host must have, with these values
 * @param cpuFeatures features that a host must have, as in /proc/cpuinfo
 * @param disks in the order in which the guest finds them
 * @param nics in the order in which the guest finds them
 * @param vsock whether it has sockets between the guest and its host
 * @param cpuModel what the guest sees as its CPU; empty: what the host offers
 * @param devices beside those
 * @param resources what of its host it is given beside a share of CPUs and memory
 * @param memoryTargetBytes what the guest is to be left with of its memory, by its balloon; 0: all of it
 * @param ha what becomes of it when its host is lost
 */
public record VmSpec(int vcpus, long memoryBytes, ImageId image, String extraCommandLine, String driver,
        Map<String, String> hostSelector, List<String> cpuFeatures, List<Disk> disks, List<Nic> nics, boolean vsock,
        Consoles consoles, Optional<CpuModelId> cpuModel, GuestDevices devices,
        Resources resources, long memoryTargetBytes, HaPolicy ha) {
    public VmSpec {
        if (vcpus < 1) {
            throw new IllegalArgumentException("vcpus : " + vcpus + " (expected: at least 1)");
        }
        if (memoryBytes < 1) {
            throw new IllegalArgumentException("memory bytes : " + memoryBytes + " (expected: at least 1)");
        }
        hostSelector = Map.copyOf(hostSelector);
        cpuFeatures = List.copyOf(cpuFeatures);
        disks = List.copyOf(disks);
        nics = List.copyOf(nics);
        Objects.requireNonNull(consoles, "consoles");
        Objects.requireNonNull(resources, "resources");
        Objects.requireNonNull(ha, "ha");
    }

    /** Without an HA policy. */
    public VmSpec(int vcpus, long memoryBytes, ImageId image, String extraCommandLine, String driver,
            Map<String, String> hostSelector, List<String> cpuFeatures, List<Disk> disks, List<Nic> nics, boolean vsock,
            Consoles consoles, Optional<CpuModelId> cpuModel, GuestDevices devices, Resources resources,
            long memoryTargetBytes) {
        this(vcpus, memoryBytes, image, extraCommandLine, driver, hostSelector, cpuFeatures, disks, nics, vsock,
                consoles, cpuModel, devices, resources, memoryTargetBytes, HaPolicy.NONE);
    }

    /** With all of its memory. */
    public VmSpec(int vcpus, long memoryBytes, ImageId image, String extraCommandLine, String driver,
            Map<String, String> hostSelector, List<String> cpuFeatures, List<Disk> disks, List<Nic> nics, boolean vsock,
            Consoles consoles, Optional<CpuModelId> cpuModel, GuestDevices devices, Resources resources) {
        this(vcpus, memoryBytes, image, extraCommandLine, driver, hostSelector, cpuFeatures, disks, nics, vsock,
                consoles, cpuModel, devices, resources, 0);
    }

    /** Without sockets and CPU model, and with the serial port alone. */
    public VmSpec(int vcpus, long memoryBytes, ImageId image, String extraCommandLine, String driver,
            Map<String, String> hostSelector, List<String> cpuFeatures, List<Disk> disks, List<Nic> nics) {
        this(vcpus, memoryBytes, image, extraCommandLine, driver, hostSelector, cpuFeatures, disks, nics, false,
                Consoles.NONE, Optional.empty(), GuestDevices.NONE, Resources.NONE);
    }

    /** Without devices and CPU model. */
    public VmSpec(int vcpus, long memoryBytes, ImageId image, String extraCommandLine, String driver,
            Map<String, String> hostSelector, List<String> cpuFeatures) {
        this(vcpus, memoryBytes, image, extraCommandLine, driver, hostSelector, cpuFeatures, List.of(), List.of());
    }

    /** The same with other disks. */
    public VmSpec withDisks(List<Disk> newDisks) {
        return new VmSpec(vcpus, memoryBytes, image, extraCommandLine, driver, hostSelector, cpuFeatures, newDisks,
                nics,
                vsock, consoles, cpuModel, devices, resources, memoryTargetBytes, ha);
    }

    /** The same with other nics. */
    public VmSpec withNics(List<Nic> newNics) {
        return new VmSpec(vcpus, memoryBytes, image, extraCommandLine, driver, hostSelector, cpuFeatures, disks,
                newNics,
                vsock, consoles, cpuModel, devices, resources, memoryTargetBytes, ha);
    }

    /** The same with another target of its balloon. */
    public VmSpec withMemoryTarget(long bytes) {
        return new VmSpec(vcpus, memoryBytes, image, extraCommandLine, driver, hostSelector, cpuFeatures, disks, nics,
                vsock, consoles, cpuModel, devices, resources, bytes, ha);
    }

    /** The networks that a host must have, as hosts name them. */
    public Set<String> networks() {
        return nics.stream().map(nic -> nic.network().advertised()).collect(Collectors.toSet());
    }

    /** All that it is made of. */
    public Set<ImageId> images() {
        return Stream.concat(Stream.of(image), disks.stream().map(Disk::image).flatMap(Optional::stream))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }
}
