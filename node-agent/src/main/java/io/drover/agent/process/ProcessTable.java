package io.drover.agent.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** The processes of this host, as {@code /proc} shows them. */
public final class ProcessTable {
    /** Programs that start another one, by the name that they are started under. Each has its command line as arguments. */
    private static final Set<String> LAUNCHERS = Set.of("sh", "taskset", "setsid", "flock", "bwrap",
            "setpriv");
    private static final Duration LOOK = Duration.ofMillis(100);

    private ProcessTable() {}

    /**
     * A process that has the argument.
     *
     * @param session its session's leader
     * @param launcher whether it only starts another
     */
    private record Found(ProcessIdentity identity, long parent, long session, boolean launcher) {}

    /**
     * The processes with {@code argument} as one whole argument of their command line, but for those that only start
     * another (sh, taskset, setsid, flock, bwrap, setpriv) and for those that such a process has just forked, to start
     * another program. A process that this agent may not look at is not found.
     */
    public static List<ProcessIdentity> withArgument(String argument) {
        List<Found> programs = all(argument).stream().filter(found -> !found.launcher()).toList();
        Set<Long> pids = new HashSet<>();
        programs.forEach(found -> pids.add(found.identity().pid()));
        return programs.stream().filter(found -> !pids.contains(found.parent())).map(Found::identity).toList();
    }

    /** Whether a process is about to become one with the argument. */
    public static boolean isLaunching(String argument) {
        return withArgument(argument).isEmpty() && all(argument).stream().anyMatch(Found::launcher);
    }

    /**
     * Kills every process with the argument, those that start others included, until there is none.
     *
     * @return false when there still is one after {@code patience}
     */
    public static boolean endAll(String argument, Duration patience) throws InterruptedException {
        return endAll(argument, found -> true, patience);
    }

    /** As {@link #endAll}, of one session: another process with the argument runs on. */
    static boolean endSession(String argument, ProcessIdentity leader, Duration patience) throws InterruptedException {
        return endAll(argument, found -> found.session() == leader.pid(), patience);
    }

    private static boolean endAll(String argument, Predicate<Found> which, Duration patience)
            throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            List<Found> left = all(argument).stream().filter(which).toList();
            if (left.isEmpty()) {
                return true;
            }
            if (System.nanoTime() - deadline >= 0) {
                return false;
            }
            left.forEach(found -> found.identity().kill());
            for (Found found : left) {
                found.identity().awaitEnd(LOOK);
            }
        }
    }

    private static List<Found> all(String argument) {
        List<Found> found = new ArrayList<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                List<String> arguments = arguments(process);
                if (arguments.contains(argument)) {
                    look(process, LAUNCHERS.contains(arguments.getFirst())).ifPresent(found::add);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            throw new IllegalStateException("/proc cannot be listed: is it mounted?", e);
        }
        return found;
    }

    private static Optional<Found> look(Path process, boolean launcher) {
        long pid = Long.parseLong(process.getFileName().toString());
        return ProcessIdentity.of(pid).map(identity -> new Found(identity, ProcessIdentity.parent(pid).orElse(0L),
                ProcessIdentity.session(pid).orElse(0L), launcher));
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
