package io.drover.agent.folder;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The folder of one VM on this host, named by the VM's uid: what the agent means to do with it, its logs, its sockets
 * and whatever its driver keeps beside. The agent alone may enter it, and the machine's process its run folder.
 *
 * @param path absolute, without links, so that it names the same folder in a process's command line for ever
 */
public record VmFolder(Path path) {

    public VmFolder {
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException("VM folder : " + path + " (expected: an absolute path)");
        }
    }

    /** Makes the folder and its run folder, for this user alone, if they are not there. */
    public void create() throws IOException {
        FileAttribute<Set<PosixFilePermission>> ours = PosixFilePermissions
                .asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        Files.createDirectories(path, ours);
        Files.createDirectories(run(), ours);
        DurableFile.syncFolder(path.getParent());
    }

    /**
     * Where the machine's process keeps its sockets, its console log and its account of its end: its current folder, and
     * all of this one that it may write to. What is in there may be anything, links to other files included, if a guest
     * has taken its process over.
     */
    public Path run() {
        return path.resolve("run");
    }

    /** The agent's {@code LocalVm}. */
    public Path state() {
        return path.resolve("local.pb");
    }

    /** The agent's {@code LocalHandOff}, while the VM is in one. */
    public Path handOff() {
        return path.resolve("handoff.pb");
    }

    /** What the guest prints on its serial console. */
    public Path consoleLog() {
        return run().resolve("console.log");
    }

    /** Locked by the machine's process as long as it runs. */
    public Path lock() {
        return path.resolve("run.lock");
    }

    /** What the VMM or QEMU says. */
    public Path vmmLog() {
        return path.resolve("vmm.log");
    }

    /** The folder of the VM's disks, where it has any. */
    public Path disks() {
        return path.resolve("disks");
    }

    /** Moves the logs to {@code to}, which is made, and removes the folder with all the rest. */
    public void bury(Path to) throws IOException {
        Files.createDirectories(to);
        for (Path log : List.of(consoleLog(), vmmLog())) {
            for (Path half : List.of(LogFile.older(log), log)) {
                if (Files.exists(half, LinkOption.NOFOLLOW_LINKS)) {
                    Files.move(half, to.resolve(half.getFileName()));
                }
            }
        }
        delete();
    }

    /** Removes the folder and all that is in it. */
    public void delete() throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        // The state goes first: without it the rest is a ruin to the next agent, never a VM.
        Files.deleteIfExists(state());
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, IOException e) throws IOException {
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
        DurableFile.syncFolder(path.getParent());
    }

    /** The VM folders in {@code parent}. */
    public static List<VmFolder> in(Path parent) throws IOException {
        List<VmFolder> folders = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent, Files::isDirectory)) {
            entries.forEach(entry -> folders.add(new VmFolder(entry)));
        }
        return folders;
    }
}
