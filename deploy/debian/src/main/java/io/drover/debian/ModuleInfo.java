package io.drover.debian;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * What a kernel module says about itself in its section .modinfo: lines of {@code key=value}, each ended by NUL (Linux,
 * include/linux/moduleparam.h). Reading it here instead of by depmod(8) needs no kmod, no root and no modules.dep.
 *
 * @param depends the modules that must be loaded before, by name
 */
record ModuleInfo(List<String> depends) {
    ModuleInfo {
        depends = List.copyOf(depends);
    }

    /**
     * @param what names the module in errors
     * @param elf  the uncompressed module: a little-endian ELF-64 object
     * @throws PackageException when it is no such thing
     */
    static ModuleInfo parse(String what, byte[] elf) throws PackageException {
        try {
            byte[] section = section(elf, ".modinfo");
            for (String line : new String(section, StandardCharsets.UTF_8).split("\0", -1)) {
                if (line.startsWith("depends=")) {
                    String names = line.substring("depends=".length());
                    return new ModuleInfo(names.isEmpty() ? List.of() : List.of(names.split(",", -1)));
                }
            }
            return new ModuleInfo(List.of());
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new PackageException("kernel module " + what + " is no ELF-64 object with a .modinfo section", e);
        }
    }

    /** System V ABI, "Object Files": section headers, found by e_shoff, e_shentsize, e_shnum and e_shstrndx. */
    private static byte[] section(byte[] elf, String wanted) {
        ByteBuffer file = ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN);
        if (file.getInt(0) != 0x464c457f || file.get(4) != 2 || file.get(5) != 1) {
            throw new IllegalArgumentException("not a little-endian ELF-64 file");
        }
        int headers = Math.toIntExact(Math.clamp(file.getLong(40), 0L, Integer.MAX_VALUE));
        int headerBytes = Short.toUnsignedInt(file.getShort(58));
        int count = Short.toUnsignedInt(file.getShort(60));
        int names = sectionOffset(file, headers + Short.toUnsignedInt(file.getShort(62)) * headerBytes);
        for (int i = 0; i < count; i++) {
            int header = headers + i * headerBytes;
            int name = names + file.getInt(header);
            int end = name;
            while (file.get(end) != 0) {
                end++;
            }
            if (new String(elf, name, end - name, StandardCharsets.UTF_8).equals(wanted)) {
                int offset = sectionOffset(file, header);
                return Arrays.copyOfRange(elf, offset,
                        offset + Math.toIntExact(Math.clamp(file.getLong(header + 32), 0L, elf.length - offset)));
            }
        }
        throw new IllegalArgumentException("no section " + wanted);
    }

    private static int sectionOffset(ByteBuffer file, int header) {
        return Math.toIntExact(Math.clamp(file.getLong(header + 24), 0L, Integer.MAX_VALUE));
    }
}
