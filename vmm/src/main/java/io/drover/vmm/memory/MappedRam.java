package io.drover.vmm.memory;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.MappedMemory;
import io.drover.vmm.linux.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;

/** A file in memory, all of it mapped to be a guest's RAM, and what the host may be told of it. */
public final class MappedRam {
    private final FileHandle file;
    private final MemorySegment mapped;

    private MappedRam(FileHandle file, MemorySegment mapped) {
        this.file = file;
        this.mapped = mapped;
    }

    /**
     * Maps it.
     *
     * @param file
     *            of this many bytes, made by {@link FileHandle#memory} or {@link FileHandle#hugeMemory}
     * @param arena
     *            unmaps it when it is closed
     */
    public static MappedRam map(FileHandle file, long bytes, Arena arena) throws SystemCallException {
        return new MappedRam(file, file.map(bytes, arena));
    }

    public FileHandle file() {
        return file;
    }

    /** In bytes. */
    public long size() {
        return mapped.byteSize();
    }

    /** As a machine's RAM. */
    public GuestMemory memory() {
        return GuestMemory.of(mapped);
    }

    /** As {@link MappedMemory#adviseHugePages}. */
    public void adviseHugePages() {
        MappedMemory.adviseHugePages(mapped);
    }

    /** As {@link MappedMemory#bind}. */
    public void bind(Collection<Integer> nodes) throws SystemCallException {
        MappedMemory.bind(mapped, nodes);
    }

    /** As {@link MappedMemory#populate}, of a part. */
    public void populate(long from, long length) throws SystemCallException {
        MappedMemory.populate(mapped.asSlice(from, length));
    }
}
