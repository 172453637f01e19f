package io.drover.debian;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * An archive in the "newc" cpio format, as the kernel unpacks it into its first file system (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * <p>The same entries always give the same bytes: entries are written by name, owned by root, dated 1970-01-01, with
 * inode numbers counted from 1. A parent sorts before what it holds, as the kernel needs it; parents that nobody added
 * are made with mode 0755.
 */
public final class CpioArchive {
    /** The trailer's name is the end of the archive. */
    private static final String TRAILER = "TRAILER!!!";
    private static final int HEADER_BYTES = 110;
    /** Linux, init/initramfs.c: N_ALIGN and PATH_MAX. */
    private static final int NAME_BYTES_MAX = 4095;

    private final Map<String, Entry> entries = new TreeMap<>();

    private sealed interface Entry {
        record Directory(int permissions) implements Entry {}

        @SuppressWarnings("ArrayRecordComponent") // Private, never compared, and copied on the way in.
        record RegularFile(int permissions, byte[] content) implements Entry {}

        record SymbolicLink(String target) implements Entry {}

        record CharacterDevice(int permissions, int major, int minor) implements Entry {}
    }

    /**
     * Adds a directory, or gives one that was made as a parent its mode.
     *
     * @param permissions the low twelve bits of a mode, such as 0755
     */
    public CpioArchive directory(String path, int permissions) {
        return add(path, new Entry.Directory(checkedPermissions(permissions)));
    }

    public CpioArchive file(String path, int permissions, byte[] content) {
        return add(path, new Entry.RegularFile(checkedPermissions(permissions), content.clone()));
    }

    public CpioArchive file(String path, int permissions, String content) {
        return file(path, permissions, content.getBytes(StandardCharsets.UTF_8));
    }

    public CpioArchive symbolicLink(String path, String target) {
        if (target.isEmpty() || target.indexOf('\0') >= 0
                || target.getBytes(StandardCharsets.UTF_8).length > NAME_BYTES_MAX) {
            throw new IllegalArgumentException("target of symbolic link " + path + " : '" + target
                    + "' (expected: 1 to " + NAME_BYTES_MAX + " bytes without NUL)");
        }
        return add(path, new Entry.SymbolicLink(target));
    }

    public CpioArchive characterDevice(String path, int permissions, int major, int minor) {
        return add(path, new Entry.CharacterDevice(checkedPermissions(permissions), major, minor));
    }

    private CpioArchive add(String path, Entry entry) {
        checkPath(path);
        for (int slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
            String parent = path.substring(0, slash);
            if (!(entries.computeIfAbsent(parent, ignored -> new Entry.Directory(0755)) instanceof Entry.Directory)) {
                throw new IllegalArgumentException("archive entry " + path + " : " + parent + " is not a directory");
            }
        }
        Entry before = entries.get(path);
        if (before != null && !(before instanceof Entry.Directory && entry instanceof Entry.Directory)) {
            throw new IllegalArgumentException("archive entry " + path + " : added twice");
        }
        entries.put(path, entry);
        return this;
    }

    private static void checkPath(String path) {
        boolean odd = path.isEmpty() || path.startsWith("/") || path.endsWith("/") || path.contains("//")
                || path.indexOf('\0') >= 0
                || path.equals(TRAILER) || path.getBytes(StandardCharsets.UTF_8).length > NAME_BYTES_MAX;
        for (String part : path.split("/", -1)) {
            odd |= part.equals(".") || part.equals("..");
        }
        if (odd) {
            throw new IllegalArgumentException(
                    "archive entry '" + path + "' (expected: a relative path such as sbin/init)");
        }
    }

    private static int checkedPermissions(int permissions) {
        if ((permissions & ~07777) != 0) {
            throw new IllegalArgumentException("permissions : 0%o (expected: 0 to 07777)".formatted(permissions));
        }
        return permissions;
    }

    /** Writes the archive, uncompressed, and leaves the stream open. */
    public void writeTo(OutputStream out) throws IOException {
        int inode = 0;
        for (Map.Entry<String, Entry> named : entries.entrySet()) {
            inode++;
            switch (named.getValue()) {
                case Entry.Directory directory ->
                    write(out, named.getKey(), inode, 0040000 | directory.permissions(), 2, 0, 0, new byte[0]);
                case Entry.RegularFile file ->
                    write(out, named.getKey(), inode, 0100000 | file.permissions(), 1, 0, 0, file.content());
                case Entry.SymbolicLink link -> write(out, named.getKey(), inode, 0120777, 1, 0, 0,
                        link.target().getBytes(StandardCharsets.UTF_8));
                case Entry.CharacterDevice device ->
                    write(out, named.getKey(), inode, 0020000 | device.permissions(), 1,
                            device.major(), device.minor(), new byte[0]);
            }
        }
        write(out, TRAILER, 0, 0, 1, 0, 0, new byte[0]);
    }

    private static void write(OutputStream out, String path, int inode, int mode, int links, int major, int minor,
            byte[] content)
            throws IOException {
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        int uid = 0;
        int gid = 0;
        int modified = 0;
        int deviceMajor = 0;
        int deviceMinor = 0;
        int check = 0;
        String header = "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X"
                .formatted(inode, mode, uid, gid, links, modified,
                        content.length, deviceMajor, deviceMinor, major, minor, name.length + 1, check)
                .toUpperCase(Locale.ROOT);
        out.write(header.getBytes(StandardCharsets.US_ASCII));
        out.write(name);
        out.write(0);
        pad(out, HEADER_BYTES + name.length + 1);
        out.write(content);
        pad(out, content.length);
    }

    private static void pad(OutputStream out, int bytes) throws IOException {
        for (int i = bytes; (i & 3) != 0; i++) {
            out.write(0);
        }
    }
}
