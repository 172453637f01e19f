package io.drover.agent.net;

import io.drover.agent.process.ProcessTable;
import io.drover.vmm.client.UserNetworks;
import io.drover.vmm.client.VmmNic;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The passt(1) processes of VMs. Each ends with the one that it serves; one that was never connected to waits for ever, and is
 * ended here.
 */
public final class PasstProcess {
    static final String LOG_FILE = "passt.log";

    private static final Logger log = LoggerFactory.getLogger(PasstProcess.class);
    private static final Duration START_PATIENCE = Duration.ofSeconds(10);
    private static final Duration END_PATIENCE = Duration.ofSeconds(5);

    private PasstProcess() {}

    /**
     * Starts one, which listens when this returns, and outlives the agent.
     *
     * @param folder made for it
     * @param uid of its VM
     * @throws IOException with what it said, when it does not start; there is none then
     */
    public static void start(Path folder, String uid, int mtuBytes, List<VmmNic.Forward> forwards)
            throws IOException, InterruptedException {
        Files.deleteIfExists(UserNetworks.socket(folder, uid));
        Path said = folder.resolve(LOG_FILE);
        Process process;
        try {
            process = new ProcessBuilder(UserNetworks.command(uid, mtuBytes, forwards)).directory(folder.toFile())
                    .redirectInput(Path.of("/dev/null").toFile()).redirectErrorStream(true)
                    .redirectOutput(said.toFile()).start();
        } catch (IOException e) {
            throw new IOException("passt cannot be started: install the Debian package passt (apt-get install passt)",
                    e);
        }
        // It goes into the background when it listens.
        if (!process.waitFor(START_PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
            process.destroyForcibly();
            throw new IOException("passt did not listen within " + START_PATIENCE.toSeconds() + " s");
        }
        if (process.exitValue() != 0) {
            throw new IOException("passt ended with status " + process.exitValue() + ": " + lastWords(said));
        }
    }

    /** Without what it says because no system log is there. */
    private static String lastWords(Path said) throws IOException {
        return new String(Files.readAllBytes(said), StandardCharsets.ISO_8859_1).lines()
                .filter(line -> !line.isBlank() && !line.endsWith("to syslog")).reduce((first, second) -> second)
                .orElse("it said nothing");
    }

    /** Ends those of a VM that nobody runs. */
    public static void endAll(String uid) throws InterruptedException {
        if (!ProcessTable.endAll(UserNetworks.mark(uid), END_PATIENCE)) {
            log.warn("a passt of the VM with uid {} does not end", uid);
        }
    }
}
