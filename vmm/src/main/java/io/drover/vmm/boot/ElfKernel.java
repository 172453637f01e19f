package io.drover.vmm.boot;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;

/** An ELF64 kernel, checked by its program headers before anything of it is read into the guest. */
final class ElfKernel {
    /** As the first four bytes read in little endian. */
    static final int MAGIC = 0x464C_457F;

    /** The ELF header and the program headers must lie within this; the kernel's do within 400 bytes. */
    private static final int PREFIX_BYTES = 4096;
    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int MACHINE_X86_64 = 62;
    private static final int PT_LOAD = 1;
    private static final int PT_NOTE = 4;
    private static final long NOTES_MAX_BYTES = 64 << 10;

    private record Segment(long offset, long fileBytes, long address, long memoryBytes) {
        long end() {
            return address + memoryBytes;
        }
    }

    /**
     * A kernel in place.
     *
     * @param pvhEntry
     *            from its PVH note, if it has one
     * @param end
     *            the address behind its last segment
     */
    record Placed(OptionalLong pvhEntry, long end) {}

    private final FileChannel file;
    private final String name;
    private final long ramEnd;
    private final List<Segment> loads = new ArrayList<>();
    private final List<Segment> notes = new ArrayList<>();

    private ElfKernel(FileChannel file, String name, GuestMemory memory) {
        this.file = file;
        this.name = name;
        this.ramEnd = memory.regions().getFirst().end();
    }

    /**
     * Puts its segments into the guest.
     *
     * @param name
     *            for messages, as "kernel /boot/vmlinux"
     */
    static Placed place(GuestMemory memory, FileChannel file, String name)
            throws BootException, IOException, GuestAddressException {
        ElfKernel kernel = new ElfKernel(file, name, memory);
        kernel.parse();
        kernel.checkOverlap();
        return kernel.place(memory);
    }

    private void parse() throws BootException, IOException {
        ByteBuffer prefix = read(0, (int) Math.min(PREFIX_BYTES, file.size()));
        if (prefix.limit() < HEADER_BYTES) {
            throw cutOff(prefix.limit(), "its ELF header");
        }
        if (prefix.get(4) != CLASS_64 || prefix.get(5) != LITTLE_ENDIAN || prefix.getShort(18) != MACHINE_X86_64) {
            throw new BootException(name + " : ELF class " + prefix.get(4) + ", machine " + prefix.getShort(18)
                    + " (expected: a 64-bit kernel for x86-64)");
        }
        long table = prefix.getLong(32);
        int entrySize = prefix.getShort(54) & 0xFFFF;
        int count = prefix.getShort(56) & 0xFFFF;
        if (entrySize != PROGRAM_HEADER_BYTES || table < HEADER_BYTES
                || table > PREFIX_BYTES - (long) count * PROGRAM_HEADER_BYTES) {
            throw new BootException(name + " : " + count + " program headers of " + entrySize + " bytes at 0x"
                    + Long.toHexString(table) + " (expected: of 56 bytes, within the first " + PREFIX_BYTES + ")");
        }
        if (table + (long) count * PROGRAM_HEADER_BYTES > prefix.limit()) {
            throw cutOff(prefix.limit(), "its program headers");
        }
        for (int i = 0; i < count; i++) {
            int at = (int) table + i * PROGRAM_HEADER_BYTES;
            Segment segment = new Segment(prefix.getLong(at + 8), prefix.getLong(at + 32), prefix.getLong(at + 24),
                    prefix.getLong(at + 40));
            if (prefix.getInt(at) == PT_LOAD && segment.memoryBytes() != 0) {
                checkLoad(segment);
                loads.add(segment);
            } else if (prefix.getInt(at) == PT_NOTE) {
                checkNotes(segment);
                notes.add(segment);
            }
        }
        if (loads.isEmpty()) {
            throw new BootException(name + " : nothing to load (expected: an ELF kernel with PT_LOAD segments)");
        }
    }

    private void checkLoad(Segment segment) throws BootException, IOException {
        if (Long.compareUnsigned(segment.fileBytes(), segment.memoryBytes()) > 0) {
            throw new BootException(name + " : segment of " + Long.toUnsignedString(segment.fileBytes()) + " bytes for "
                    + Long.toUnsignedString(segment.memoryBytes()) + " bytes of memory (expected: not more than that)");
        }
        if (segment.address() < BootLayout.KERNEL_FLOOR || segment.memoryBytes() < 0
                || segment.address() > ramEnd - segment.memoryBytes()) {
            throw new BootException(name + " : segment of " + Long.toUnsignedString(segment.memoryBytes())
                    + " bytes for 0x" + Long.toHexString(segment.address()) + " (expected: between 1 MiB and 0x"
                    + Long.toHexString(ramEnd) + ", where memory ends: give the machine more memory)");
        }
        checkInFile(segment, "a segment");
    }

    private void checkNotes(Segment segment) throws BootException, IOException {
        if (segment.fileBytes() < 0 || segment.fileBytes() > NOTES_MAX_BYTES) {
            throw new BootException(name + " : notes of " + Long.toUnsignedString(segment.fileBytes())
                    + " bytes (expected: at most " + NOTES_MAX_BYTES + ")");
        }
        checkInFile(segment, "its notes");
    }

    private void checkInFile(Segment segment, String what) throws BootException, IOException {
        if (segment.offset() < 0 || segment.offset() > file.size() - segment.fileBytes()) {
            throw cutOff(file.size(), what);
        }
    }

    private void checkOverlap() throws BootException {
        loads.sort(Comparator.comparingLong(Segment::address));
        for (int i = 1; i < loads.size(); i++) {
            if (loads.get(i).address() < loads.get(i - 1).end()) {
                throw new BootException(name + " : segments overlap at 0x" + Long.toHexString(loads.get(i).address())
                        + " (expected: each its own memory)");
            }
        }
    }

    private Placed place(GuestMemory memory) throws BootException, IOException, GuestAddressException {
        OptionalLong pvhEntry = OptionalLong.empty();
        for (Segment note : notes) {
            if (pvhEntry.isEmpty()) {
                pvhEntry = PvhNote.entryIn(read(note.offset(), (int) note.fileBytes()));
            }
        }
        if (pvhEntry.isPresent() && loads.stream().noneMatch(holdsCode(pvhEntry.getAsLong()))) {
            throw new BootException(name + " : PVH entry 0x" + Long.toHexString(pvhEntry.getAsLong())
                    + " (expected: in a loaded segment)");
        }
        for (Segment load : loads) {
            memory.readFrom(file, load.offset(), load.address(), load.fileBytes());
            memory.fill(load.address() + load.fileBytes(), load.memoryBytes() - load.fileBytes(), (byte) 0);
        }
        return new Placed(pvhEntry, loads.getLast().end());
    }

    private static Predicate<Segment> holdsCode(long address) {
        return load -> address >= load.address() && address < load.address() + load.fileBytes();
    }

    private ByteBuffer read(long offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, offset + bytes.position()) < 0) {
                throw new EOFException("file ends after " + (offset + bytes.position()) + " bytes");
            }
        }
        return bytes.flip();
    }

    private BootException cutOff(long bytes, String where) {
        return new BootException(
                name + " : ends after " + bytes + " bytes, in " + where + " (expected: a whole file: copy it again)");
    }
}
