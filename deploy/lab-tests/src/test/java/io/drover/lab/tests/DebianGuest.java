package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.lab.LabHost;
import io.drover.vmm.client.VmmSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A guest that is a Debian, and root's shell on its serial console. */
final class DebianGuest {
    static final Duration BOOT = Duration.ofMinutes(15);
    static final Duration ANSWER = Duration.ofMinutes(5);
    private static final Duration SAVE = Duration.ofMinutes(5);
    private static final String READY = "the shell is ready";

    private final LabVmm vmm;
    private int commands;

    private DebianGuest(LabVmm vmm) {
        this.vmm = vmm;
    }

    /**
     * Starts it.
     *
     * @param settings
     *            by {@link DebianSystem#newVm}
     */
    static DebianGuest start(LabHost host, VmmSettings settings, Path folder) throws Exception {
        return new DebianGuest(LabVmm.start(host, settings, folder));
    }

    /**
     * Saves it, ends its VMM and goes on with it in another. The shell is the same.
     *
     * @param settings
     *            that it was started with
     */
    static DebianGuest goOn(DebianGuest guest, LabHost host, VmmSettings settings, Path folder) throws Exception {
        Path file = settings.controlSocket().resolveSibling("saved");
        guest.vmm.client().save(file, false, SAVE);
        guest.close();
        return start(host, settings.withRestore(file), folder);
    }

    LabVmm vmm() {
        return vmm;
    }

    /** Waits for the login on the console, as its user would see it; returns all that was printed until then. */
    String awaitLogin() throws Exception {
        return vmm.console().readTo(" login: ", BOOT);
    }

    /** Waits for the login and logs in as root. */
    String login() throws Exception {
        String printed = awaitLogin();
        vmm.type("root\n");
        vmm.console().readTo("Password: ", ANSWER);
        vmm.type(DebianSystem.PASSWORD + "\n");
        vmm.console().readTo("# ", ANSWER);
        // A shell that neither edits lines nor prints a prompt, and no echo: what comes is what commands print.
        vmm.type("exec env PS1='sh''ell> ' sh\n");
        vmm.console().readTo("shell> ", ANSWER);
        vmm.type("stty -echo; PS1= PS2=; echo the shell is re''ady\n");
        vmm.console().readTo(READY + "\r\n", ANSWER);
        return printed;
    }

    /** What a command prints; one that fails fails the test. */
    String run(String command) throws Exception {
        return run(command, ANSWER);
    }

    String run(String command, Duration limit) throws Exception {
        String mark = "<" + ++commands + ":";
        vmm.type("{ " + command + "\n} < /dev/null 2>&1; echo '<" + commands + ":'$?'>'\n");
        String output = vmm.console().readTo(mark, limit);
        String code = vmm.console().readTo(">", ANSWER);
        String printed = output.substring(0, output.length() - mark.length()).replace("\r\n", "\n").strip();
        assertThat(code).as("%s: %s", command, printed).isEqualTo("0>");
        return printed;
    }

    /** Warnings and worse of its kernel that it should not have. */
    List<String> kernelWarnings() throws Exception {
        return KernelWarnings.unexpected(run("dmesg -r | grep -E '^<[0-4]>' || true"));
    }

    void close() throws Exception {
        vmm.close();
    }
}
