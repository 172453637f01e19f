package io.drover.vmm.machine;

import io.drover.vmm.boot.BootSource;
import io.drover.vmm.cpuid.CpuModel;
import io.drover.vmm.cpuid.GivenCpuid;
import io.drover.vmm.linux.ThreadAffinity;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.virtio.balloon.BalloonDevice;
import io.drover.vmm.watchdog.WatchdogAction;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * What a machine is to be.
 *
 * @param vcpus
 *            1 to {@link #MAX_VCPUS}
 * @param memoryBytes
 *            whole pages, at least {@link #MIN_MEMORY_BYTES}
 * @param disks
 *            in the order in which the guest finds them
 * @param rng
 *            whether the guest has a source of entropy
 * @param nics
 *            in the order in which the guest finds them
 * @param console
 *            a virtio console device beside the serial port, if there is to be one
 * @param vsock
 *            sockets between the guest and the host, if it has them
 * @param balloon
 *            if there is to be one
 * @param watchdog
 *            what it does, if there is to be one
 * @param generationId
 *            if the guest is to be told one
 * @param hotPlug
 *            whether disks and nics may come, and those that are there may go, while the guest runs
 * @param cpuModel
 *            what the guest's CPUs are; empty: all that the host offers
 * @param memory
 *            how it lies in the host's
 * @param vcpuCpus
 *            the CPU of the host that each vCPU's thread never leaves, in the order of the vCPUs; empty: any
 * @param cpuid
 *            what the guest was shown before and is to be shown again, whatever {@code cpuModel} says; empty: made anew
 */
public record MachineSettings(int vcpus, long memoryBytes, BootSource boot, List<DiskSettings> disks, boolean rng,
        List<NicSettings> nics, Optional<ConsoleSettings> console, Optional<VsockSettings> vsock,
        Optional<BalloonSettings> balloon, Optional<WatchdogAction> watchdog, Optional<UUID> generationId,
        boolean hotPlug, Optional<CpuModel> cpuModel, MemorySettings memory, List<Integer> vcpuCpus,
        Optional<GivenCpuid> cpuid) {
    public static final int MAX_VCPUS = 64;
    /** Leaves some of the bus's 31 slots to others. */
    public static final int MAX_DISKS = 24;
    public static final int MAX_NICS = 4;
    /** Less holds no kernel. */
    public static final long MIN_MEMORY_BYTES = 2L << 20;

    /** Whether it has a PCI bus. */
    boolean hasPci() {
        return hotPlug || rng || !disks.isEmpty() || !nics.isEmpty() || console.isPresent() || vsock.isPresent()
                || balloon.isPresent() || watchdog.isPresent();
    }

    /** Refuses values that no host could run, with an {@link IllegalArgumentException} for the operator. */
    public MachineSettings {
        if (vcpus < 1 || vcpus > MAX_VCPUS) {
            throw new IllegalArgumentException("vcpus : " + vcpus + " (expected: 1 to " + MAX_VCPUS + ")");
        }
        if (memoryBytes < MIN_MEMORY_BYTES || memoryBytes % GuestMemory.PAGE_BYTES != 0) {
            throw new IllegalArgumentException("memory : " + memoryBytes + " bytes (expected: at least "
                    + MIN_MEMORY_BYTES + ", and whole pages of " + GuestMemory.PAGE_BYTES + ")");
        }
        Objects.requireNonNull(boot, "boot");
        Objects.requireNonNull(console, "console");
        Objects.requireNonNull(vsock, "vsock");
        disks = List.copyOf(disks);
        if (disks.size() > MAX_DISKS) {
            throw new IllegalArgumentException("disks : " + disks.size() + " (expected: at most " + MAX_DISKS + ")");
        }
        nics = List.copyOf(nics);
        if (nics.size() > MAX_NICS) {
            throw new IllegalArgumentException("nics : " + nics.size() + " (expected: at most " + MAX_NICS + ")");
        }
        List<String> ids = Stream.concat(disks.stream().map(DiskSettings::id), nics.stream().map(NicSettings::id))
                .toList();
        if (ids.stream().distinct().count() < ids.size()) {
            throw new IllegalArgumentException("disks and nics : " + ids + " (expected: each with an id of its own)");
        }
        Objects.requireNonNull(watchdog, "watchdog");
        Objects.requireNonNull(generationId, "generationId");
        Objects.requireNonNull(cpuid, "cpuid");
        memory.check(memoryBytes);
        vcpuCpus = List.copyOf(vcpuCpus);
        checkCpus(vcpuCpus, vcpus);
        if (balloon.isPresent() && memory.hugePages()) {
            throw new IllegalArgumentException("balloon and huge pages : both (expected: one of them, as what a guest"
                    + " gives back are pages of " + GuestMemory.PAGE_BYTES + " bytes)");
        }
        if (balloon.isPresent()) {
            BalloonDevice.checkTarget(balloon.get().targetBytes(), memoryBytes);
        }
    }

    private static void checkCpus(List<Integer> cpus, int vcpus) {
        if (!cpus.isEmpty() && cpus.size() != vcpus) {
            throw new IllegalArgumentException("CPUs of the host : " + cpus + " (expected: one for each of the "
                    + vcpus + " vCPUs, or none)");
        }
        for (int cpu : cpus) {
            if (cpu < 0 || cpu > ThreadAffinity.MAX_CPU) {
                throw new IllegalArgumentException("CPU of the host : " + cpu + " (expected: 0 to "
                        + ThreadAffinity.MAX_CPU + ")");
            }
        }
    }
}
