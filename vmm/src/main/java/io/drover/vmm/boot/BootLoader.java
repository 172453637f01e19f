package io.drover.vmm.boot;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/** Puts a kernel, its initramfs and its command line into a machine's fresh memory and says where vCPU 0 starts. */
public final class BootLoader {
    /** The boot structures and a kernel of a few pages fit into this. */
    private static final long LEAST_MEMORY_BYTES = 2 << 20;
    /** What a PVH kernel can reach before it has page tables of its own; boot.rst gives Linux the same. */
    private static final long PVH_INITRAMFS_LIMIT = 0x7FFF_FFFFL;

    private final GuestMemory memory;
    private final BootSource source;
    private final long rsdp;
    private final String kernelName;

    private BootLoader(GuestMemory memory, BootSource source, long rsdp) {
        this.memory = memory;
        this.source = source;
        this.rsdp = rsdp;
        this.kernelName = "kernel " + source.kernel();
    }

    /**
     * Loads.
     *
     * @param memory
     *            the machine's; what lies there is overwritten
     * @param rsdp
     *            where ACPI's root pointer lies in it
     * @throws BootException
     *             when that cannot be booted; the machine must not be started
     */
    public static EntryState load(GuestMemory memory, BootSource source, long rsdp) throws BootException {
        if (memory.size() < LEAST_MEMORY_BYTES) {
            throw new BootException(
                    "memory : " + memory.size() + " bytes (expected: at least " + LEAST_MEMORY_BYTES + ")");
        }
        try {
            EntryState entry = new BootLoader(memory, source, rsdp).load();
            writeGdt(memory, entry);
            return entry;
        } catch (GuestAddressException e) {
            throw new BootException("kernel " + source.kernel() + " : does not fit in " + memory.size()
                    + " bytes of memory (expected: give the machine more)", e);
        }
    }

    static BootException unreadable(String name, IOException e) {
        String why = switch (e) {
            case NoSuchFileException _ -> "no such file";
            case AccessDeniedException _ -> "permission denied";
            default -> e.getMessage();
        };
        return new BootException(name + " : cannot be read: " + why + " (expected: a readable file)", e);
    }

    private EntryState load() throws BootException, GuestAddressException {
        try (FileChannel file = FileChannel.open(source.kernel())) {
            ByteBuffer prefix = ByteBuffer.allocate(SetupHeader.PREFIX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            while (prefix.hasRemaining() && file.read(prefix, prefix.position()) > 0) {
                // Goes on until the buffer is full or the file ends.
            }
            prefix.flip();
            if (prefix.limit() == 0) {
                throw new BootException(
                        kernelName + " : is empty (expected: a bzImage, or an ELF kernel with a PVH entry)");
            }
            if (prefix.limit() >= 4 && prefix.getInt(0) == ElfKernel.MAGIC) {
                return loadElf(file);
            }
            if (SetupHeader.isIn(prefix)) {
                return loadBzImage(file, prefix);
            }
            throw new BootException(kernelName + " : not a kernel that we know"
                    + " (expected: a bzImage, or an ELF kernel with a PVH entry)");
        } catch (IOException e) {
            throw unreadable(kernelName, e);
        }
    }

    private EntryState loadElf(FileChannel file) throws BootException, IOException, GuestAddressException {
        writeCommandLine(BootLayout.COMMAND_LINE_MAX_BYTES);
        ElfKernel.Placed kernel = ElfKernel.place(memory, file, kernelName);
        if (kernel.pvhEntry().isEmpty()) {
            throw new BootException(kernelName + " : an ELF file without a PVH entry"
                    + " (expected: a kernel built with CONFIG_PVH, or its bzImage)");
        }
        PvhStartInfo.write(memory, BootLayout.COMMAND_LINE, loadInitramfs(kernel.end(), PVH_INITRAMFS_LIMIT), rsdp);
        return EntryState.pvh(kernel.pvhEntry().getAsLong(), BootLayout.PVH_START_INFO);
    }

    private EntryState loadBzImage(FileChannel file, ByteBuffer prefix)
            throws BootException, IOException, GuestAddressException {
        SetupHeader header = SetupHeader.read(prefix, file.size(), source.kernel().toString());
        writeCommandLine(header.commandLineMaxBytes());
        BzImage.Placed kernel = BzImage.place(memory, file, header, kernelName);
        Optional<Initramfs> initramfs = loadInitramfs(kernel.end(), header.initramfsLimit());
        ZeroPage.write(memory, prefix, BootLayout.COMMAND_LINE, initramfs, rsdp);
        PageTables.write(memory);
        return EntryState.linux64(kernel.entry(), BootLayout.ZERO_PAGE, BootLayout.PAGE_TABLES);
    }

    private Optional<Initramfs> loadInitramfs(long floor, long limit) throws BootException, GuestAddressException {
        if (source.initramfs().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Initramfs.load(memory, source.initramfs().get(), floor, limit));
    }

    private void writeCommandLine(int maxBytes) throws BootException, GuestAddressException {
        byte[] bytes = source.commandLine().getBytes(StandardCharsets.UTF_8);
        if (bytes.length > maxBytes) {
            throw new BootException("command line : " + bytes.length + " bytes (expected: at most " + maxBytes
                    + ", which is what " + source.kernel() + " takes)");
        }
        if (source.commandLine().indexOf('\0') >= 0) {
            throw new BootException("command line : a NUL at character " + source.commandLine().indexOf('\0')
                    + " (expected: none)");
        }
        memory.copyIn(BootLayout.COMMAND_LINE, bytes);
        memory.write8(BootLayout.COMMAND_LINE + bytes.length, 0);
    }

    private static void writeGdt(GuestMemory memory, EntryState entry) throws GuestAddressException {
        long[] table = entry.gdt();
        for (int i = 0; i < table.length; i++) {
            memory.write64(entry.gdtBase() + 8L * i, table[i]);
        }
    }
}
