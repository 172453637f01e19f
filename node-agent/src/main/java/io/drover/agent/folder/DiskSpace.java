package io.drover.agent.folder;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.Optional;

/** Tells a full disk from other troubles with files. */
public final class DiskSpace {
    private DiskSpace() {}

    /**
     * Whether {@code e} is ENOSPC or EDQUOT. Java has no type for these: the system's own words (strerror(3)) are all
     * there is.
     */
    public static boolean isExhausted(IOException e) {
        String text = Optional.ofNullable(e instanceof FileSystemException named ? named.getReason() : e.getMessage())
                .orElse("");
        return text.contains("No space left on device") || text.contains("Disk quota exceeded");
    }
}
