package io.drover.agent.folder;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;

/**
 * What the processes of one VM say: run after run in one log, each begun by a line of ours.
 *
 * @param path appended to by the process
 */
public record RunLog(Path path) {
    private static final long MAX_BYTES = 1L << 20;
    private static final String RUN = "=== run ";
    private static final int END_BYTES = 16 * 1024;
    private static final int LAST_LINES = 5;
    private static final int LAST_CHARACTERS = 600;

    /** The next run begins, when no process has the log open. */
    public void begin() throws IOException {
        new LogFile(path, MAX_BYTES).rotateClosed();
        Files.writeString(path, RUN + Instant.now() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /** Keeps it small while a process writes. */
    public void trim() throws IOException {
        new LogFile(path, MAX_BYTES).rotateOpen();
    }

    /** The last lines of the present run, joined for a message: at most 5 lines and 600 characters. */
    public String lastWords() {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            String end = StandardCharsets.UTF_8.decode(FilePart.readEnd(channel, END_BYTES)).toString();
            int run = end.lastIndexOf(RUN);
            List<String> lines = end.substring(Math.max(0, run)).lines().filter(line -> !line.startsWith(RUN))
                    .map(line -> line.replaceAll("\\p{Cntrl}", "").strip()).filter(line -> !line.isEmpty()).toList();
            String text = String.join("; ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
            return text.substring(Math.max(0, text.length() - LAST_CHARACTERS));
        } catch (IOException e) {
            return "(its log cannot be read: " + e + ")";
        }
    }
}
