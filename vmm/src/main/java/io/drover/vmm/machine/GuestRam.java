package io.drover.vmm.machine;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.log.Log;
import io.drover.vmm.memory.MappedRam;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.function.BooleanSupplier;

/** The piece of the host's memory that a guest's RAM is. */
final class GuestRam {
    /** So much at a time is made to be there: some 20 ms, after which it is looked whether to go on. */
    private static final long STEP_BYTES = 64L << 20;
    /** So often it is told how far it is. */
    private static final long TOLD_BYTES = 8L << 30;

    private final MappedRam mapped;
    private final MemorySettings settings;
    private volatile long prefaultedBytes;

    private GuestRam(MappedRam mapped, MemorySettings settings) {
        this.mapped = mapped;
        this.settings = settings;
    }

    /**
     * Maps it.
     *
     * @param arena
     *            unmaps it when it is closed
     * @throws HostException
     *             when this host has not what the settings ask for
     */
    static GuestRam map(long bytes, MemorySettings settings, Arena arena) throws IOException {
        FileHandle file = create(bytes, settings);
        try {
            MappedRam mapped = map(file, bytes, settings, arena);
            bind(mapped, settings);
            if (!settings.hugePages()) {
                mapped.adviseHugePages();
            }
            return new GuestRam(mapped, settings);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static FileHandle create(long bytes, MemorySettings settings) throws IOException {
        if (!settings.hugePages()) {
            return FileHandle.memory("drover-guest", bytes);
        }
        try {
            return FileHandle.hugeMemory("drover-guest", bytes, settings.pageBytes());
        } catch (SystemCallException e) {
            throw new HostException("page size : " + settings.pageBytes()
                    + " bytes (expected: one that this host has, see /sys/kernel/mm/hugepages): " + e.getMessage(), e);
        }
    }

    private static MappedRam map(FileHandle file, long bytes, MemorySettings settings, Arena arena)
            throws IOException {
        try {
            return MappedRam.map(file, bytes, arena);
        } catch (SystemCallException e) {
            if (settings.hugePages() && e.errno() == Errno.ENOMEM) {
                throw new HostException("huge pages : this host has not " + bytes / settings.pageBytes()
                        + " free pages of " + settings.pageBytes()
                        + " bytes (expected: as many, set aside by nr_hugepages in /sys/kernel/mm/hugepages)", e);
            }
            throw e;
        }
    }

    private static void bind(MappedRam mapped, MemorySettings settings) throws HostException {
        if (settings.nodes().isEmpty()) {
            return;
        }
        try {
            mapped.bind(settings.nodes());
        } catch (SystemCallException e) {
            throw new HostException("NUMA nodes : " + settings.nodes()
                    + " (expected: nodes of this host with memory, see /sys/devices/system/node): " + e.getMessage(),
                    e);
        }
    }

    MappedRam mapped() {
        return mapped;
    }

    /** So far. Any thread. */
    long prefaultedBytes() {
        return prefaultedBytes;
    }

    /**
     * Has all of it be there, if the settings ask for it. Takes about a third of a second for a GiB.
     *
     * @param cancelled
     *            asked in between
     * @return false when it was cancelled
     * @throws HostException
     *             when the host has not enough
     */
    boolean prefault(BooleanSupplier cancelled, Log log) throws HostException {
        if (!settings.isPrefaulted()) {
            return true;
        }
        long step = Math.max(STEP_BYTES, settings.pageBytes());
        long bytes = mapped.size();
        for (long from = 0; from < bytes; from += step) {
            if (cancelled.getAsBoolean()) {
                log.info("prefault: cancelled at " + (from >> 20) + " of " + (bytes >> 20) + " MiB");
                return false;
            }
            try {
                mapped.populate(from, Math.min(step, bytes - from));
            } catch (SystemCallException e) {
                throw new HostException("prefault : the host has memory for " + from + " bytes of the guest's " + bytes
                        + (settings.nodes().isEmpty() ? "" : " on the NUMA nodes " + settings.nodes())
                        + ", in pages of "
                        + settings.pageBytes() + " bytes: " + e.getMessage(), e);
            }
            prefaultedBytes = Math.min(from + step, bytes);
            if (prefaultedBytes % TOLD_BYTES == 0 || prefaultedBytes == bytes) {
                log.info("prefault: " + (prefaultedBytes >> 20) + " of " + (bytes >> 20) + " MiB");
            }
        }
        return true;
    }
}
