package io.drover.vmm.machine;

import io.drover.vmm.boot.BootSource;
import io.drover.vmm.memory.GuestMemory;
import java.util.Objects;

/**
 * What a machine is to be.
 *
 * @param vcpus
 *            1 to {@link #MAX_VCPUS}
 * @param memoryBytes
 *            whole pages, at least {@link #MIN_MEMORY_BYTES}
 */
public record MachineSettings(int vcpus, long memoryBytes, BootSource boot) {
    public static final int MAX_VCPUS = 64;
    /** Less holds no kernel. */
    public static final long MIN_MEMORY_BYTES = 2L << 20;

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
    }
}
