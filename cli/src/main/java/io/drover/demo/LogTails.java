package io.drover.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/** After a failure: the ends of the logs for the reader, and all of them saved from the folder that will be removed. */
final class LogTails {
    private static final int LINES = 15;

    private final Path folder;

    LogTails(Path folder) {
        this.folder = folder;
    }

    /** Copies the logs to a new folder, which is returned. */
    Path save() throws IOException {
        Path saved = Files.createTempDirectory("drover-demo-logs-");
        for (Path log : logs()) {
            Files.copy(log, saved.resolve(folder.relativize(log).toString().replace('/', '_')),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        return saved;
    }

    void tell(Narrator narrator) throws IOException {
        for (Path log : logs()) {
            List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.ISO_8859_1).lines().toList();
            if (!lines.isEmpty()) {
                narrator.line("--- the end of " + folder.relativize(log));
                lines.subList(Math.max(0, lines.size() - LINES), lines.size())
                        .forEach(line -> narrator.line(line.replaceAll("\\p{Cntrl}", " ")));
            }
        }
    }

    private List<Path> logs() throws IOException {
        try (Stream<Path> files = Files.find(folder, 8,
                (path, attributes) -> attributes.isRegularFile() && path.getFileName().toString().endsWith(".log"))) {
            return files.filter(path -> !path.toString().contains("/zookeeper/")).sorted().toList();
        }
    }
}
