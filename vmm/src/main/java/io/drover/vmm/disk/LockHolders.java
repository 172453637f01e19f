package io.drover.vmm.disk;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Finds the process that holds a lock on a file, for people to read. The kernel does not tell it of locks that belong to open
 * files, so that all processes that we may look into are looked at: proc_pid_fdinfo(5).
 */
final class LockHolders {
    private LockHolders() {}

    /** One that is not this process, as "process 123 (qemu-system-x86)". */
    static Optional<String> of(Path file) {
        long self = ProcessHandle.current().pid();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (!process.getFileName().toString().equals(Long.toString(self)) && holds(process, file)) {
                    return Optional.of("process " + process.getFileName() + " (" + name(process) + ")");
                }
            }
        } catch (IOException ignored) {
            // Without /proc, or without the right to look, nobody is named.
        }
        return holds(Path.of("/proc/self"), file) ? Optional.of("this very VM") : Optional.empty();
    }

    private static boolean holds(Path process, Path file) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path descriptor : descriptors) {
                if (isLockOn(process, descriptor, file)) {
                    return true;
                }
            }
        } catch (IOException ignored) {
            // It has ended, or is another user's.
        }
        return false;
    }

    private static boolean isLockOn(Path process, Path descriptor, Path file) {
        try {
            // The link first: to look at what it names could wait for a pipe's other end.
            if (!Files.readSymbolicLink(descriptor).equals(file.toRealPath())) {
                return false;
            }
            String about = Files.readString(process.resolve("fdinfo").resolve(descriptor.getFileName().toString()),
                    StandardCharsets.ISO_8859_1);
            return about.contains("\nlock:");
        } catch (IOException ignored) {
            return false;
        }
    }

    private static String name(Path process) {
        try {
            return Files.readString(process.resolve("comm"), StandardCharsets.UTF_8).strip();
        } catch (IOException ignored) {
            return "ended";
        }
    }
}
