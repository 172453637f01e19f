package io.drover.agent.folder;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * What was saved of a guest in its VM's folder: the machine's process writes it into its run folder, where it has its name as
 * soon as it is whole, and the agent keeps it under the epoch of the run.
 *
 * @param folder of the VM
 */
public record SavedState(VmFolder folder) {
    private static final String PREFIX = "saved-";
    private static final String SUFFIX = ".vm";
    private static final String WRITTEN = "saved.vm";

    /** Where the machine's process is to write it. */
    public Path written() {
        return folder.run().resolve(WRITTEN);
    }

    /** Whether the process has written it, and not begun to go on since: whoever lets the guest run removes it first. */
    public boolean isWhole() {
        return Files.isRegularFile(written(), LinkOption.NOFOLLOW_LINKS);
    }

    /** Removes what the process has written, for good. */
    public void discardWritten() throws IOException {
        if (Files.deleteIfExists(written())) {
            DurableFile.syncFolder(folder.run());
        }
    }

    /** As {@link #discardWritten}, with what was only begun: when there is no process. */
    public void discardAllWritten() throws IOException {
        discardWritten();
        Files.deleteIfExists(folder.run().resolve(WRITTEN + ".part"));
    }

    /** What is kept of the run under an epoch. */
    public Path of(long epoch) {
        return folder.path().resolve(PREFIX + epoch + SUFFIX);
    }

    public boolean isKept(long epoch) {
        return Files.isRegularFile(of(epoch), LinkOption.NOFOLLOW_LINKS);
    }

    /** The newest epoch of which something is kept. */
    public OptionalLong kept() {
        try {
            return files().stream().mapToLong(SavedState::epoch).filter(epoch -> epoch > 0).max();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** Keeps what the process has written, which is gone. Done twice is as done once. */
    public void keep(long epoch) throws IOException {
        if (isWhole()) {
            Files.move(written(), of(epoch), StandardCopyOption.ATOMIC_MOVE);
            DurableFile.syncFolder(folder.run());
        }
        DurableFile.syncFolder(folder.path());
    }

    /** Removes all that is kept, for good. */
    public void clear() throws IOException {
        clearBut(0);
    }

    /** As {@link #clear}, but for that of one epoch. */
    public void clearBut(long epoch) throws IOException {
        boolean any = false;
        for (Path file : files()) {
            if (!file.equals(of(epoch))) {
                any |= Files.deleteIfExists(file);
            }
        }
        if (any) {
            DurableFile.syncFolder(folder.path());
        }
    }

    private List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder.path(), PREFIX + "*" + SUFFIX)) {
            found.forEach(files::add);
        } catch (NoSuchFileException | NotDirectoryException expected) {
            // Nothing was ever there.
        }
        return files;
    }

    private static long epoch(Path file) {
        String name = file.getFileName().toString();
        try {
            return Long.parseLong(name.substring(PREFIX.length(), name.length() - SUFFIX.length()));
        } catch (NumberFormatException expected) {
            return 0;
        }
    }
}
