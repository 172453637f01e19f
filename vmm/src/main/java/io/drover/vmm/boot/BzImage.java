package io.drover.vmm.boot;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/**
 * Puts a bzImage into the guest. Its compressed kernel is unpacked here when we know the format, which is several times faster
 * than letting the guest do it (docs/performance.md) at the price of the guest's own address randomization; else its
 * protected-mode part is loaded as it is and unpacks itself.
 */
final class BzImage {
    private static final int GZIP_MAGIC = 0x8B1F;
    private static final int GZIP_BUFFER_BYTES = 64 << 10;
    /** The build puts the unpacked length behind the data of every format but gzip, whose own end it is. */
    private static final int LENGTH_BYTES = 4;

    /**
     * A kernel in place.
     *
     * @param entry
     *            64-bit
     * @param end
     *            the address behind all memory that it needs to start
     */
    record Placed(long entry, long end) {}

    private final FileChannel file;
    private final SetupHeader header;
    private final String name;

    BzImage(FileChannel file, SetupHeader header, String name) {
        this.file = file;
        this.header = header;
        this.name = name;
    }

    Placed place(GuestMemory memory) throws BootException, IOException, GuestAddressException {
        Optional<ReadableByteChannel> unpacked = unpacked();
        if (unpacked.isPresent()) {
            try (ReadableByteChannel vmlinux = unpacked.get()) {
                ElfKernel.Loaded loaded = ElfKernel.load(memory, vmlinux, name + ", unpacked");
                return new Placed(loaded.entry(), loaded.end());
            }
        }
        return placePacked(memory);
    }

    private Placed placePacked(GuestMemory memory) throws BootException, IOException, GuestAddressException {
        long address = BootLayout.KERNEL_FLOOR;
        // Where it will move itself (boot.rst, "Kernel runtime start address").
        long runtime = header.preferredAddress();
        if (header.relocatable()) {
            runtime = Math.max((address + header.alignment() - 1) & -header.alignment(), runtime);
        }
        long end = Math.max(runtime + header.initBytes(), address + header.protectedModeBytes());
        long ramEnd = memory.regions().get(0).end();
        if (end > ramEnd) {
            throw new BootException(
                    name + " : needs memory up to 0x" + Long.toHexString(end) + " to start (expected: at most 0x"
                            + Long.toHexString(ramEnd) + ", where memory ends: give the machine more memory)");
        }
        memory.readFrom(file, header.protectedModeOffset(), address, header.protectedModeBytes());
        return new Placed(address + 0x200, end);
    }

    /** The unpacked kernel's bytes, when there is a payload in a format that we unpack. */
    private Optional<ReadableByteChannel> unpacked() throws IOException {
        if (header.payloadBytes() <= 2L * LENGTH_BYTES) {
            return Optional.empty();
        }
        ByteBuffer magic = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        new FileRange(file, header.payloadOffset(), 4).read(magic);
        if (magic.getInt(0) == Lz4LegacyChannel.MAGIC) {
            return Optional.of(new Lz4LegacyChannel(
                    new FileRange(file, header.payloadOffset(), header.payloadBytes() - LENGTH_BYTES)));
        }
        if ((magic.getInt(0) & 0xFFFF) == GZIP_MAGIC) {
            FileRange range = new FileRange(file, header.payloadOffset(), header.payloadBytes());
            return Optional.of(Channels.newChannel(new GZIPInputStream(
                    new BufferedInputStream(Channels.newInputStream(range), GZIP_BUFFER_BYTES), GZIP_BUFFER_BYTES)));
        }
        return Optional.empty();
    }
}
