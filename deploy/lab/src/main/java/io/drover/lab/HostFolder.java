package io.drover.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;

/** The folder of one emulated host. Only its user may look inside: it holds the token that lets commands run in the host. */
record HostFolder(Path path) {
    /** sockaddr_un has 108 bytes, the last one NUL (unix(7)). */
    private static final int SOCKET_PATH_BYTES_MAX = 107;

    static HostFolder create(Path path) throws IOException {
        HostFolder folder = new HostFolder(path);
        if (path.toString().matches(".*[,\\s].*")) {
            throw new LabException(
                    "the lab's state folder " + path + " has a blank or a comma in its name, which QEMU's command line"
                            + " cannot hold; choose another with --state");
        }
        int bytes = folder.monitor().toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > SOCKET_PATH_BYTES_MAX) {
            throw new LabException(
                    "the path of a Unix socket may have " + SOCKET_PATH_BYTES_MAX + " bytes, and " + folder.monitor()
                            + " has " + bytes + "; choose a shorter folder with --state");
        }
        Files.createDirectories(path.getParent());
        Files.createDirectory(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        return folder;
    }

    Path initramfs() {
        return path.resolve("initramfs");
    }

    /** What the host's kernel and its init printed. */
    Path console() {
        return path.resolve("console.log");
    }

    /** What QEMU itself complained about. */
    Path qemuLog() {
        return path.resolve("qemu.log");
    }

    Path monitor() {
        return path.resolve("monitor");
    }

    Path record() {
        return path.resolve("host.properties");
    }

    /** On which the host waits for another that joins its network. */
    Path wire(int number) {
        return path.resolve("net-" + number);
    }

    void delete() throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(file);
            }
        }
    }
}
