package io.drover.agent.vm;

import io.drover.agent.folder.VmFolder;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The logs of VMs that were destroyed here because this host may not run them: the last few, for whoever asks what
 * happened.
 */
final class Graveyard {
    static final int KEPT = 20;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmssSSS'Z'")
            .withZone(ZoneOffset.UTC);

    private final Path folder;

    Graveyard(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
    }

    /** Keeps the logs of a VM with why it was destroyed, and removes its folder. */
    void bury(VmFolder vm, String name, String why) throws IOException {
        Path grave = folder.resolve(TIME.format(Instant.now()) + "-" + name + "-" + vm.path().getFileName());
        vm.bury(grave);
        Files.writeString(grave.resolve("why"), why + "\n");
        List<Path> graves = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            entries.forEach(graves::add);
        }
        graves.sort(Comparator.comparing(Path::getFileName));
        for (Path old : graves.subList(0, Math.max(0, graves.size() - KEPT))) {
            new VmFolder(old).delete();
        }
    }
}
