package io.drover.agent.process;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A process that outlives the agent: in a session of its own, so that neither Ctrl-C at the agent's terminal nor the
 * end of the agent reaches it, and holding a lock on its folder, so that no second process ever runs for the same
 * folder, whatever two agents in a row believed. A sandbox around the command hands the lock on to it.
 *
 * <p>setsid(1) and flock(1) are part of util-linux, which every Debian has; both exec the command in place, so its
 * pid is the child's.
 */
public final class DetachedProcess {
    /** What flock(1) is told to exit with when another process holds the folder's lock. */
    private static final int LOCK_HELD = 77;

    private final Process process;
    private final ProcessIdentity identity;

    private DetachedProcess(Process process, ProcessIdentity identity) {
        this.process = process;
        this.identity = identity;
    }

    /** As below, without a launcher. */
    public static DetachedProcess start(List<String> command, Map<String, String> environment, Path folder, Path lock,
            Path log) throws IOException {
        return start(List.of(), command, environment, folder, lock, log);
    }

    /**
     * Starts {@code command} in {@code folder}, with standard output and error appended to {@code log}.
     *
     * @param launcher what starts it all: it keeps the process's id; empty: nothing
     * @param environment the whole environment of the process, besides PATH
     * @param lock the file that is locked, made if it is not there
     * @throws IOException when it could not be started
     */
    public static DetachedProcess start(List<String> launcher, List<String> command, Map<String, String> environment,
            Path folder, Path lock, Path log) throws IOException {
        List<String> line = new ArrayList<>(launcher);
        line.addAll(
                List.of("setsid", "flock", "--no-fork", "--nonblock", "--conflict-exit-code",
                        Integer.toString(LOCK_HELD), lock.toString()));
        line.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(line).directory(folder.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())).redirectErrorStream(true);
        String path = builder.environment().getOrDefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        builder.environment().clear();
        builder.environment().put("PATH", path);
        builder.environment().putAll(environment);
        Process process = builder.start();
        Optional<ProcessIdentity> identity = ProcessIdentity.of(process.pid());
        if (identity.isEmpty()) {
            // Ended within the microseconds since its start; its log says why.
            return new DetachedProcess(process, new ProcessIdentity(process.pid(), 0));
        }
        return new DetachedProcess(process, identity.get());
    }

    /** Of the child, which may be what started the command in a sandbox: {@link ProcessTable#withArgument} tells them apart. */
    public ProcessIdentity identity() {
        return identity;
    }

    /**
     * Kills it and what it has started, as far as it has the argument.
     *
     * @return false when something of it is still there after {@code patience}
     */
    public boolean end(String argument, Duration patience) throws InterruptedException {
        boolean ended = ProcessTable.endSession(argument, identity, patience);
        identity.kill();
        return identity.awaitEnd(patience) && ended;
    }

    /** How it ended, for people, once it has: empty while it runs. */
    public Optional<ExitStatus> exitStatus() {
        return process.isAlive() ? Optional.empty() : Optional.of(new ExitStatus(process.exitValue()));
    }

    /** As {@link #exitStatus}, for a command that has ended: what started it may need a moment to end with the same status. */
    public Optional<ExitStatus> awaitExitStatus(Duration patience) throws InterruptedException {
        boolean ended = process.waitFor(patience.toNanos(), TimeUnit.NANOSECONDS);
        return ended ? exitStatus() : Optional.empty();
    }

    /**
     * How a child ended.
     *
     * @param code as {@link Process#exitValue()} gives it: 128 + the signal's number for a process that a signal killed
     */
    public record ExitStatus(int code) {
        private static final Map<Integer, String> SIGNALS = Map.of(1, "SIGHUP", 2, "SIGINT", 4, "SIGILL", 6, "SIGABRT",
                7, "SIGBUS", 9,
                "SIGKILL", 11, "SIGSEGV", 15, "SIGTERM", 31, "SIGSYS");

        @Override
        public String toString() {
            if (code == LOCK_HELD) {
                return "another process holds the lock of the VM's folder";
            }
            if (code > 128 && code < 128 + 65) {
                int signal = code - 128;
                return "killed by signal " + signal
                        + (SIGNALS.containsKey(signal) ? " (" + SIGNALS.get(signal) + ")" : "");
            }
            return "ended with exit status " + code;
        }
    }
}
