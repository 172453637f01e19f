package io.drover.agent.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The processes of this host, as {@code /proc} shows them. */
public final class ProcessTable {
    private ProcessTable() {}

    /**
     * The processes with {@code argument} as one whole argument of their command line. A process that this agent may
     * not look at is not found.
     */
    public static List<ProcessIdentity> withArgument(String argument) {
        List<ProcessIdentity> found = new ArrayList<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (arguments(process).contains(argument)) {
                    ProcessIdentity.of(Long.parseLong(process.getFileName().toString())).ifPresent(found::add);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            throw new IllegalStateException("/proc cannot be listed: is it mounted?", e);
        }
        return found;
    }

    /** The process {@code identity}, if it still runs and has {@code argument} in its command line. */
    public static Optional<ProcessIdentity> verify(ProcessIdentity identity, String argument) {
        if (!identity.isAlive() || !arguments(Path.of("/proc", Long.toString(identity.pid()))).contains(argument)) {
            return Optional.empty();
        }
        return Optional.of(identity);
    }

    private static List<String> arguments(Path process) {
        try {
            String line = new String(Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.UTF_8);
            return List.of(line.split("\0", -1));
        } catch (IOException expected) {
            return List.of();
        }
    }
}
