package io.drover.vmm.net.user;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.UnixSocket;
import io.drover.vmm.log.Log;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.LinkListener;
import io.drover.vmm.net.Network;
import io.drover.vmm.net.Offloads;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Keeps a passt(1) running beside a nic. The link is up while there is one; one that dies is started anew, at once and then ever
 * less often. passt gives its rights up by itself, and ends with its connection, so that none outlives a VMM that is killed.
 */
public final class UserNetwork implements Network {
    /** The largest that passt knows: the guest's TCP segments are then as long as they can be. */
    public static final int DEFAULT_MTU_BYTES = 65_520;

    private static final String LOG_FILE = "passt.log";
    /** passt's own choice when it is started as root. */
    private static final String UNPRIVILEGED_USER = "nobody";
    private static final String ROOT = "root";
    private static final Duration CONNECT_DEADLINE = Duration.ofSeconds(10);
    private static final Duration CONNECT_PAUSE = Duration.ofMillis(5);
    private static final Duration END_DEADLINE = Duration.ofSeconds(2);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LAST_PAUSE = Duration.ofSeconds(30);
    /** One that has run for so long has not failed to start. */
    private static final Duration GOOD_RUN = Duration.ofSeconds(30);

    private final String name;
    private final Path folder;
    private final Path socket;
    private final List<String> command;
    private final Log log;
    private final UserPort port;
    private final Thread supervisor;
    private final CountDownLatch closing = new CountDownLatch(1);
    private LinkListener listener = up -> {};

    private UserNetwork(String name, Path socket, List<String> command, Log log) throws IOException {
        this.name = name;
        this.folder = socket.getParent();
        this.socket = socket;
        this.command = command;
        this.log = log;
        this.port = new UserPort(name, log);
        this.supervisor = Thread.ofPlatform().name(name + " passt").unstarted(this::supervise);
    }

    /**
     * A network that is not started.
     *
     * @param name
     *            of the nic, for the log
     * @param socket
     *            of passt, in a folder of its own, which is made if it is not there; its path at most 107 bytes long. Its name
     *            is one whole argument of passt's command line, by which an operator, or an agent, knows whose process that is
     * @param mtuBytes
     *            as the guest is to have it
     */
    public static UserNetwork create(String name, Path socket, int mtuBytes, List<PortForward> forwards, Log log)
            throws IOException {
        return create(name, socket,
                PasstCommand.of(PasstCommand.PROGRAM, socket.getFileName().toString(), mtuBytes, forwards), log);
    }

    /** With another program, for tests. */
    static UserNetwork create(String name, Path socket, List<String> command, Log log) throws IOException {
        makeFolder(socket.getParent());
        return new UserNetwork(name, socket, command, log);
    }

    /** Makes a folder, if it is not there, in which passt can make its socket as the user that it becomes. */
    public static void makeFolder(Path folder) throws IOException {
        Files.createDirectories(folder);
        if (System.getProperty("user.name").equals(ROOT)) {
            Files.setOwner(folder, folder.getFileSystem().getUserPrincipalLookupService()
                    .lookupPrincipalByName(UNPRIVILEGED_USER));
        }
    }

    @Override
    public int pairs() {
        return 1;
    }

    @Override
    public boolean offloads() {
        return false;
    }

    /** The guest is its only station. */
    @Override
    public boolean learns() {
        return false;
    }

    @Override
    public FramePort port(int pair) {
        return port;
    }

    @Override
    public void start(LinkListener newListener) {
        listener = newListener;
        supervisor.start();
    }

    @Override
    public void setOffloads(Offloads accepted) {
        // Its packets are whole.
    }

    @Override
    public void usePairs(int pairs) {
        // There is one.
    }

    private void supervise() {
        Duration pause = FIRST_PAUSE;
        try {
            do {
                long started = System.nanoTime();
                runOnce();
                if (System.nanoTime() - started > GOOD_RUN.toNanos()) {
                    pause = FIRST_PAUSE;
                }
                Duration next = pause.multipliedBy(2);
                if (closing.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
                    return;
                }
                pause = next.compareTo(LAST_PAUSE) > 0 ? LAST_PAUSE : next;
            } while (closing.getCount() > 0);
        } catch (InterruptedException expected) {
            // Closed: the process has been ended.
        }
    }

    /** Starts passt and waits for its end. */
    private void runOnce() throws InterruptedException {
        Process process;
        try {
            Files.deleteIfExists(socket);
            process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
                    .redirectOutput(folder.resolve(LOG_FILE).toFile()).start();
        } catch (IOException e) {
            log.warn(name + ": passt cannot be started, the nic has no link: " + e.getMessage()
                    + " (is the Debian package passt installed?)");
            return;
        }
        boolean linked = false;
        try {
            process.getOutputStream().close();
            port.connected(connect(process));
            linked = true;
            log.info(name + ": passt runs as process " + process.pid());
            listener.linkChanged(true);
            process.waitFor();
            log.warn(name + ": passt ended with status " + process.exitValue() + "; it is started anew");
        } catch (IOException e) {
            log.warn(name + ": passt does not serve, the nic has no link: " + e.getMessage());
        } finally {
            end(process);
            if (linked) {
                listener.linkChanged(false);
            }
        }
    }

    private FileHandle connect(Process process) throws IOException, InterruptedException {
        long until = System.nanoTime() + CONNECT_DEADLINE.toNanos();
        while (true) {
            try {
                return UnixSocket.connect(socket);
            } catch (IOException e) {
                if (process.waitFor(CONNECT_PAUSE.toNanos(), TimeUnit.NANOSECONDS)) {
                    throw new IOException("it ended with status " + process.exitValue() + ": " + lastWords(), e);
                }
                if (System.nanoTime() > until) {
                    throw new IOException("no connection within " + CONNECT_DEADLINE + ": " + e.getMessage(), e);
                }
            }
        }
    }

    /** What passt has said last, without what it says because no system log is there. */
    private String lastWords() throws IOException {
        return new String(Files.readAllBytes(folder.resolve(LOG_FILE)), StandardCharsets.ISO_8859_1).lines()
                .filter(line -> !line.isBlank() && !line.endsWith("to syslog")).reduce((first, second) -> second)
                .orElse("it said nothing");
    }

    private static void end(Process process) {
        process.destroy();
        boolean interrupted = false;
        try {
            if (!process.waitFor(END_DEADLINE.toNanos(), TimeUnit.NANOSECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            interrupted = true;
            process.destroyForcibly();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends passt. */
    @Override
    public void close() {
        closing.countDown();
        supervisor.interrupt();
        boolean interrupted = false;
        while (supervisor.isAlive()) {
            try {
                supervisor.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        port.close();
    }
}
