package io.drover.vmm.boot;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.MemoryRegion;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;

/**
 * An ELF64 kernel, checked by its program headers and then read once from front to back, so that it may come out of a
 * decompressor, straight into the guest.
 */
final class ElfKernel {
    /** The ELF header and the program headers must lie within this; the kernel's do within 400 bytes. */
    static final int PREFIX_BYTES = 4096;

    /** As the first four bytes read in little endian. */
    static final int MAGIC = 0x464C_457F;

    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int MACHINE_X86_64 = 62;
    private static final int PT_LOAD = 1;
    private static final int PT_NOTE = 4;
    private static final long NOTES_MAX_BYTES = 64 << 10;
    private static final int SKIP_BYTES = 64 << 10;
    private static final long PIECE_BYTES = 1L << 30;

    private record Segment(long offset, long fileBytes, long address, long memoryBytes) {
        long fileEnd() {
            return offset + fileBytes;
        }

        long end() {
            return address + memoryBytes;
        }
    }

    /**
     * What a loaded kernel offers.
     *
     * @param entry
     *            the ELF header's
     * @param pvhEntry
     *            from its PVH note
     * @param end
     *            the address behind its last segment
     */
    record Loaded(long entry, OptionalLong pvhEntry, long end) {}

    private final String name;
    private final long entry;
    private final List<Segment> loads;
    private final List<Segment> notes;

    private ElfKernel(String name, long entry, List<Segment> loads, List<Segment> notes) {
        this.name = name;
        this.entry = entry;
        this.loads = loads;
        this.notes = notes;
    }

    /**
     * Checks an ELF kernel and puts its segments into the guest.
     *
     * @param source
     *            the file from its first byte; read as far as is needed
     * @param name
     *            for messages, as "kernel /boot/vmlinux"
     */
    static Loaded load(GuestMemory memory, ReadableByteChannel source, String name)
            throws BootException, IOException, GuestAddressException {
        ByteBuffer prefix = ByteBuffer.allocate(PREFIX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        readAsFarAsPossible(source, prefix);
        prefix.flip();
        return parse(prefix, memory, name).load(memory, new Sequence(prefix, source));
    }

    private static ElfKernel parse(ByteBuffer prefix, GuestMemory memory, String name) throws BootException {
        if (prefix.limit() < HEADER_BYTES || prefix.getInt(0) != MAGIC) {
            throw new BootException(name + " : not an ELF file (expected: an ELF kernel, whole)");
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
            throw new BootException(name + " : ends after " + prefix.limit() + " bytes, in its program headers"
                    + " (expected: a whole file: copy it again)");
        }
        List<Segment> loads = new ArrayList<>();
        List<Segment> notes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int at = (int) table + i * PROGRAM_HEADER_BYTES;
            Segment segment = new Segment(prefix.getLong(at + 8), prefix.getLong(at + 32), prefix.getLong(at + 24),
                    prefix.getLong(at + 40));
            if (prefix.getInt(at) == PT_LOAD && segment.memoryBytes() != 0) {
                loads.add(checked(segment, memory, name));
            } else if (prefix.getInt(at) == PT_NOTE) {
                notes.add(checkedNotes(segment, name));
            }
        }
        if (loads.isEmpty()) {
            throw new BootException(name + " : nothing to load (expected: an ELF kernel with PT_LOAD segments)");
        }
        checkOrder(loads, name);
        return new ElfKernel(name, prefix.getLong(24), loads, notes);
    }

    private static Segment checked(Segment segment, GuestMemory memory, String name) throws BootException {
        if (segment.fileBytes() < 0 || segment.offset() < 0 || segment.offset() > Long.MAX_VALUE - segment.fileBytes()
                || Long.compareUnsigned(segment.fileBytes(), segment.memoryBytes()) > 0) {
            throw new BootException(name + " : segment of " + Long.toUnsignedString(segment.fileBytes())
                    + " bytes at offset "
                    + Long.toUnsignedString(segment.offset()) + " for " + Long.toUnsignedString(segment.memoryBytes())
                    + " bytes of memory (expected: inside the file, and not more than the memory)");
        }
        MemoryRegion low = memory.regions().get(0);
        if (segment.address() < BootLayout.KERNEL_FLOOR || segment.memoryBytes() < 0
                || segment.address() > low.end() - segment.memoryBytes()) {
            throw new BootException(
                    name + " : segment of " + Long.toUnsignedString(segment.memoryBytes()) + " bytes for 0x"
                            + Long.toHexString(segment.address()) + " (expected: between 1 MiB and 0x"
                            + Long.toHexString(low.end()) + ", where memory ends: give the machine more memory)");
        }
        return segment;
    }

    private static Segment checkedNotes(Segment segment, String name) throws BootException {
        if (segment.offset() < 0 || segment.fileBytes() < 0 || segment.fileBytes() > NOTES_MAX_BYTES
                || segment.offset() > Long.MAX_VALUE - NOTES_MAX_BYTES) {
            throw new BootException(
                    name + " : notes of " + Long.toUnsignedString(segment.fileBytes()) + " bytes at offset "
                            + Long.toUnsignedString(segment.offset()) + " (expected: at most " + NOTES_MAX_BYTES + ")");
        }
        return segment;
    }

    private static void checkOrder(List<Segment> loads, String name) throws BootException {
        List<Segment> byAddress = new ArrayList<>(loads);
        byAddress.sort(Comparator.comparingLong(Segment::address));
        for (int i = 1; i < byAddress.size(); i++) {
            if (byAddress.get(i).address() < byAddress.get(i - 1).end()) {
                throw new BootException(
                        name + " : segments overlap at 0x" + Long.toHexString(byAddress.get(i).address())
                                + " (expected: each its own memory)");
            }
        }
        loads.sort(Comparator.comparingLong(Segment::offset));
        for (int i = 1; i < loads.size(); i++) {
            if (loads.get(i).offset() < loads.get(i - 1).fileEnd()) {
                throw new BootException(name + " : segments overlap at offset " + loads.get(i).offset()
                        + " (expected: each its own part of the file)");
            }
        }
    }

    private Loaded load(GuestMemory memory, Sequence file) throws BootException, IOException, GuestAddressException {
        List<Segment> pieces = new ArrayList<>(loads);
        // Notes inside a segment are read from the guest afterwards; others on the way.
        List<Segment> apart = notes.stream().filter(note -> loads.stream().noneMatch(load -> holds(load, note)))
                .toList();
        pieces.addAll(apart);
        pieces.sort(Comparator.comparingLong(Segment::offset));
        OptionalLong pvhEntry = OptionalLong.empty();
        for (Segment piece : pieces) {
            try {
                file.skipTo(piece.offset());
                if (apart.contains(piece)) {
                    ByteBuffer bytes = ByteBuffer.allocate((int) piece.fileBytes());
                    file.readFully(bytes);
                    pvhEntry = either(pvhEntry, PvhNote.entryIn(bytes.flip()));
                } else {
                    place(piece, memory, file);
                }
            } catch (EOFException e) {
                throw new BootException(name + " : ends after " + file.position() + " bytes (expected: at least "
                        + piece.fileEnd() + ": copy it again)", e);
            }
        }
        for (Segment note : notes) {
            for (Segment load : loads) {
                if (holds(load, note)) {
                    ByteBuffer bytes = memory.slice(load.address() + (note.offset() - load.offset()), note.fileBytes())
                            .asByteBuffer();
                    pvhEntry = either(pvhEntry, PvhNote.entryIn(bytes));
                }
            }
        }
        long end = loads.stream().mapToLong(Segment::end).max().orElseThrow();
        return new Loaded(checkedEntry(entry),
                pvhEntry.isPresent() ? OptionalLong.of(checkedEntry(pvhEntry.getAsLong()))
                        : pvhEntry,
                end);
    }

    private static boolean holds(Segment load, Segment note) {
        return note.offset() >= load.offset() && note.offset() + note.fileBytes() <= load.fileEnd();
    }

    private static OptionalLong either(OptionalLong first, OptionalLong second) {
        return first.isPresent() ? first : second;
    }

    private static void place(Segment segment, GuestMemory memory, Sequence file)
            throws IOException, GuestAddressException {
        for (long done = 0; done < segment.fileBytes();) {
            long piece = Math.min(segment.fileBytes() - done, PIECE_BYTES);
            file.readFully(memory.slice(segment.address() + done, piece).asByteBuffer());
            done += piece;
        }
        memory.fill(segment.address() + segment.fileBytes(), segment.memoryBytes() - segment.fileBytes(), (byte) 0);
    }

    private long checkedEntry(long address) throws BootException {
        for (Segment load : loads) {
            if (address >= load.address() && address < load.address() + load.fileBytes()) {
                return address;
            }
        }
        throw new BootException(
                name + " : entry point 0x" + Long.toHexString(address) + " (expected: in a loaded segment)");
    }

    private static void readAsFarAsPossible(ReadableByteChannel source, ByteBuffer target) throws IOException {
        int read = 0;
        while (target.hasRemaining() && read >= 0) {
            read = source.read(target);
        }
    }

    /** The file from its start: what has been looked at already, then the rest. */
    private static final class Sequence {
        private final ByteBuffer prefix;
        private final ReadableByteChannel rest;
        private long position;

        Sequence(ByteBuffer prefix, ReadableByteChannel rest) {
            this.prefix = prefix;
            this.rest = rest;
        }

        long position() {
            return position;
        }

        void readFully(ByteBuffer target) throws IOException {
            int fromPrefix = Math.min(target.remaining(), prefix.remaining());
            target.put(prefix.slice(prefix.position(), fromPrefix));
            prefix.position(prefix.position() + fromPrefix);
            position += fromPrefix;
            while (target.hasRemaining()) {
                int read = rest.read(target);
                if (read < 0) {
                    throw new EOFException();
                }
                position += read;
            }
        }

        void skipTo(long offset) throws IOException {
            if (offset < position) {
                throw new IOException("program headers : offset " + offset + " lies before " + position
                        + " (expected: notes apart from segments, or inside one)");
            }
            ByteBuffer skipped = ByteBuffer.allocate((int) Math.min(offset - position, SKIP_BYTES));
            while (position < offset) {
                skipped.clear().limit((int) Math.min(offset - position, skipped.capacity()));
                readFully(skipped);
            }
        }
    }
}
