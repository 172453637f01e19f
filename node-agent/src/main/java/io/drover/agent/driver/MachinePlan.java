package io.drover.agent.driver;

import io.drover.vmm.client.VmmCpuModel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The machine that a driver is to run.
 *
 * @param vcpus 1 to 64
 * @param memoryBytes a multiple of 2 MiB, at least 16 MiB
 * @param kernel a bzImage or an ELF vmlinux with a PVH note
 * @param commandLine at most 2,047 bytes of UTF-8, without NUL
 * @param disks in the order in which the guest finds them, at most 16
 * @param nics in the order in which the guest finds them, at most 4
 * @param vsock whether it has sockets between the guest and the host
 * @param cpuModel what the guest sees as its CPU; empty: what the host offers
 * @param devices beside those
 * @param share what of the host it is given
 * @param leased whether the guest runs only while {@link Machine#renewLease} lets it
 */
public record MachinePlan(VmIdentity identity, int vcpus, long memoryBytes, Path kernel, Optional<Path> initramfs,
        String commandLine, List<MachineDisk> disks, List<MachineNic> nics, boolean vsock, MachineConsoles consoles,
        Optional<VmmCpuModel> cpuModel, GuestDevices devices, MachineShare share, boolean leased) {
    private static final long MIN_MEMORY = 16L << 20;
    private static final long MEMORY_UNIT = 2L << 20;
    private static final int MAX_VCPUS = 64;
    private static final int MAX_COMMAND_LINE = 2047;
    private static final int MAX_DISKS = 16;
    private static final int MAX_NICS = 4;

    public MachinePlan {
        Objects.requireNonNull(identity);
        Objects.requireNonNull(kernel);
        Objects.requireNonNull(initramfs);
        Objects.requireNonNull(consoles);
        Objects.requireNonNull(cpuModel);
        Objects.requireNonNull(devices);
        Objects.requireNonNull(share);
        if (vcpus < 1 || vcpus > MAX_VCPUS) {
            throw new IllegalArgumentException("vcpus : " + vcpus + " (expected: 1 to " + MAX_VCPUS + ")");
        }
        if (memoryBytes < MIN_MEMORY || memoryBytes % MEMORY_UNIT != 0) {
            throw new IllegalArgumentException(
                    "memory_bytes : " + memoryBytes + " (expected: a multiple of 2 MiB, at least 16 MiB)");
        }
        int length = commandLine.getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_COMMAND_LINE || commandLine.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "command line : " + length + " bytes (expected: at most " + MAX_COMMAND_LINE + ", without NUL)");
        }
        disks = List.copyOf(disks);
        if (disks.size() > MAX_DISKS) {
            throw new IllegalArgumentException("disks : " + disks.size() + " (expected: at most " + MAX_DISKS + ")");
        }
        nics = List.copyOf(nics);
        if (nics.size() > MAX_NICS) {
            throw new IllegalArgumentException("nics : " + nics.size() + " (expected: at most " + MAX_NICS + ")");
        }
    }

    /** With a plain share of the host, and without a lease. */
    public MachinePlan(VmIdentity identity, int vcpus, long memoryBytes, Path kernel, Optional<Path> initramfs,
            String commandLine, List<MachineDisk> disks, List<MachineNic> nics, boolean vsock,
            MachineConsoles consoles, Optional<VmmCpuModel> cpuModel, GuestDevices devices) {
        this(identity, vcpus, memoryBytes, kernel, initramfs, commandLine, disks, nics, vsock, consoles, cpuModel,
                devices, MachineShare.PLAIN, false);
    }

    /** The same with another share of the host. */
    public MachinePlan withShare(MachineShare given) {
        return new MachinePlan(identity, vcpus, memoryBytes, kernel, initramfs, commandLine, disks, nics, vsock,
                consoles, cpuModel, devices, given, leased);
    }

    /** Without sockets and CPU model, and with the serial port alone. */
    public MachinePlan(VmIdentity identity, int vcpus, long memoryBytes, Path kernel, Optional<Path> initramfs,
            String commandLine, List<MachineDisk> disks, List<MachineNic> nics) {
        this(identity, vcpus, memoryBytes, kernel, initramfs, commandLine, disks, nics, false, MachineConsoles.NONE,
                Optional.empty(), GuestDevices.NONE);
    }

    /** Without devices and CPU model. */
    public MachinePlan(VmIdentity identity, int vcpus, long memoryBytes, Path kernel, Optional<Path> initramfs,
            String commandLine) {
        this(identity, vcpus, memoryBytes, kernel, initramfs, commandLine, List.of(), List.of());
    }
}
