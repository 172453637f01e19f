package io.drover.agent.confinement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.DetachedProcess;
import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.process.ProcessTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a process in a sandbox can still do, by a shell that tries. */
@Timeout(60)
final class SandboxTest {
    private static final int NOBODY = 65_534;
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final boolean ROOT = System.getProperty("user.name").equals("root");

    @TempDir
    private Path temp;

    private Path data;
    private VmFolder ours;
    private VmFolder others;
    private Path key;
    private Path image;
    private Path disk;

    @BeforeEach
    void makeFolders() throws Exception {
        data = Files.createDirectory(temp.toRealPath().resolve("data"));
        ours = new VmFolder(data.resolve("vms/ours"));
        ours.create();
        others = new VmFolder(data.resolve("vms/others"));
        others.create();
        Files.writeString(others.consoleLog(), "of another guest");
        key = Files.writeString(Files.createDirectory(data.resolve("tls")).resolve("key.pem"), "a private key");
        image = Files.writeString(data.resolve("image"), "an image");
        disk = Files.writeString(Files.createDirectory(ours.disks()).resolve("root.qcow2"), "a disk");
    }

    @AfterEach
    void endProcesses() throws Exception {
        assertThat(ProcessTable.endAll(marker(), PATIENCE)).isTrue();
    }

    /** In the command line of each process that this test leaves running. */
    private String marker() {
        return data + "/marker";
    }

    private Confinement found(ConfinementChoice choice) throws Exception {
        try {
            return new Confinements(data, List.of(), List.of()).find(choice);
        } catch (IOException e) {
            assumeTrue(false, e.getMessage());
            throw e;
        }
    }

    private List<String> shell(Confinement confinement, VmFolder folder, String script, Path... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", script, "sh"));
        for (Path argument : arguments) {
            command.add(argument.toString());
        }
        return confinement.enclose(folder, new Belongings(List.of(image), List.of(), List.of(folder.disks())), command);
    }

    private static String said(List<String> line) throws Exception {
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return said.strip();
    }

    /** The script is to say nothing but "tried": whatever it reaches it would name. */
    private static final String BREAK_OUT = """
            for file do cat "$file" 2>/dev/null && echo "reads $file"; done
            for file in /etc/shadow /etc/passwd /root /home /var /run /sys; do
                [ ! -e $file ] || echo "finds $file"
            done
            echo x 2>/dev/null > /usr/x && echo "writes to /usr"
            echo x 2>/dev/null > /x && echo "writes to /"
            echo tried
            """;

    @Test
    void processWithAUserOfItsOwnReachesNothingOfTheHost() throws Exception {
        assumeTrue(ROOT, "not root");
        Confinement confinement = found(ConfinementChoice.OWN_USERS);

        assertThat(said(
                shell(confinement, ours, BREAK_OUT, others.consoleLog(), key, ours.state(), Path.of("/etc/shadow"))))
                .isEqualTo("tried");
    }

    @Test
    void processInNamespacesReachesNothingOfTheHost() throws Exception {
        Confinement confinement = found(ConfinementChoice.NAMESPACES);

        assertThat(said(
                shell(confinement, ours, BREAK_OUT, others.consoleLog(), key, ours.state(), Path.of("/etc/shadow"))))
                .isEqualTo("tried");
    }

    /** As an agent that is not root would start it, from a test that is. */
    @Test
    void processOfAnAgentThatIsNotRootReachesNothingOfTheHost() throws Exception {
        assumeTrue(ROOT, "not root: the test before this one is this one");
        Confinement confinement = found(ConfinementChoice.NAMESPACES);
        try (var files = Files.walk(data)) {
            for (Path file : files.toList()) {
                VmUsers.give(file, NOBODY);
            }
        }
        for (Path parent = temp.toRealPath(); parent
                .startsWith(Path.of(System.getProperty("java.io.tmpdir")).toRealPath())
                && parent.getNameCount() > 1; parent = parent.getParent()) {
            Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        List<String> line = new ArrayList<>(
                List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups",
                        "--inh-caps=-all"));
        line.addAll(
                shell(confinement, ours, BREAK_OUT + "echo made > here && cat here && grep -E '^(CapPrm|CapBnd|NoNew)' "
                        + "/proc/self/status", others.consoleLog(), key, ours.state()));

        assertThat(said(line).lines()).contains("tried", "made", "NoNewPrivs:\t1", "CapPrm:\t0000000000000000")
                .noneMatch(word -> word.startsWith("reads") || word.startsWith("finds") || word.startsWith("writes"));
    }

    @Test
    void processHasItsOwnFilesAndNoRights() throws Exception {
        assumeTrue(ROOT, "not root");
        Confinement confinement = found(ConfinementChoice.OWN_USERS);
        String tries = """
                cat "$1"; echo
                echo more >> "$2" && echo "wrote to its disk"
                echo x 2>/dev/null > "$2.x" || echo "made no file beside it"
                echo made > here && cat here && pwd
                grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Groups)' /proc/self/status | tr -d '\\t '
                """;

        assertThat(said(shell(confinement, ours, tries, image, disk)).lines()).containsExactly("an image",
                "wrote to its disk", "made no file beside it", "made", ours.run().toString(), "Groups:",
                "CapInh:0000000000000000", "CapPrm:0000000000000000", "CapEff:0000000000000000",
                "CapBnd:0000000000000000", "CapAmb:0000000000000000", "NoNewPrivs:1");
    }

    @Test
    void diskThatIsMadeLaterIsThereForTheProcessThatRuns() throws Exception {
        assumeTrue(ROOT, "not root");
        Confinement confinement = found(ConfinementChoice.OWN_USERS);
        Path later = ours.disks().resolve("later");
        DetachedProcess child = start(confinement, ours,
                "touch up; until [ -e go ]; do sleep 0.02; done; cat \"$1\" > seen; "
                        + "echo x >> \"$1\" && mv seen done",
                later);
        await(ours.run().resolve("up"));
        Files.writeString(later, "later");
        Files.setPosixFilePermissions(later, PosixFilePermissions.fromString("rw-rw----"));
        Files.createFile(ours.run().resolve("go"));

        assertThat(child.awaitExitStatus(PATIENCE)).get().extracting(DetachedProcess.ExitStatus::code).isEqualTo(0);
        assertThat(ours.run().resolve("done")).hasContent("later");
        assertThat(later).hasContent("laterx");
    }

    @Test
    void processesCannotSeeOrSignalEachOther() throws Exception {
        Confinement confinement = found(ConfinementChoice.AUTO);
        assumeTrue(confinement instanceof Sandbox, confinement.description());
        start(confinement, others, "touch up; while :; do sleep 1; done", Path.of(marker()));
        await(others.run().resolve("up"));
        ProcessIdentity other = ProcessTable.withArgument(marker()).getFirst();
        String tries = "kill -9 " + other.pid()
                + " 2>/dev/null && echo killed; kill -9 -1 2>/dev/null; cat /proc/*/cmdline "
                + "| grep -c 'mark[e]r'; echo tried";

        assertThat(said(shell(confinement, ours, tries)).lines()).containsExactly("0", "tried");
        assertThat(other.isAlive()).isTrue();
    }

    @Test
    void eachVmHasAUserOfItsOwnAndKeepsIt() throws Exception {
        assumeTrue(ROOT, "not root");
        Confinement confinement = found(ConfinementChoice.OWN_USERS);
        String first = said(shell(confinement, ours, "id -u"));
        String second = said(shell(confinement, others, "id -u"));

        assertThat(first).matches("18[0-9]{8}|19[0-9]{8}|20[0-9]{8}").isNotEqualTo(second);
        assertThat(said(shell(found(ConfinementChoice.OWN_USERS), ours, "id -u"))).isEqualTo(first);
    }

    @Test
    void processIsToldFromWhatStartedItAndOutlivesIt() throws Exception {
        Confinement confinement = found(ConfinementChoice.AUTO);
        assumeTrue(confinement instanceof Sandbox, confinement.description());
        DetachedProcess child = start(confinement, ours, "touch up; while :; do sleep 1; done", Path.of(marker()));
        await(ours.run().resolve("up"));
        List<ProcessIdentity> found = ProcessTable.withArgument(marker());

        assertThat(found).hasSize(1).doesNotContain(child.identity());
        child.identity().kill();
        assertThat(child.identity().awaitEnd(PATIENCE)).isTrue();
        assertThat(ProcessTable.withArgument(marker())).isEqualTo(found);
        // The lock is the process's own.
        DetachedProcess second = DetachedProcess.start(List.of("true"), Map.of(), ours.run(), ours.lock(),
                ours.vmmLog());
        assertThat(second.awaitExitStatus(PATIENCE)).get().asString().contains("lock");
        assertThat(ProcessTable.endAll(marker(), PATIENCE)).isTrue();
    }

    @Test
    void signalThatEndedItIsKnownToWhoeverStartedIt() throws Exception {
        Confinement confinement = found(ConfinementChoice.AUTO);
        DetachedProcess child = start(confinement, ours, "touch up; while :; do sleep 1; done", Path.of(marker()));
        await(ours.run().resolve("up"));
        ProcessTable.withArgument(marker()).getFirst().kill();

        assertThat(child.awaitExitStatus(PATIENCE)).get().asString().contains("SIGKILL");
    }

    private DetachedProcess start(Confinement confinement, VmFolder folder, String script, Path argument)
            throws IOException {
        return DetachedProcess.start(shell(confinement, folder, script, argument), Map.of(), folder.run(),
                folder.lock(),
                folder.vmmLog());
    }

    private static void await(Path file) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!Files.exists(file)) {
            assertThat(System.nanoTime()).as("%s is there in time", file).isLessThan(deadline);
            Thread.sleep(5);
        }
    }

    @Test
    void whatCannotBeHadIsSaidWithTheReason() throws Exception {
        Confinement confinement = new Confinements(data, List.of(data.resolve("missing.jar")), List.of())
                .find(ConfinementChoice.AUTO);

        assertThat(confinement).isInstanceOf(Unconfined.class);
        assertThat(confinement.filtersCalls()).isTrue();
        assertThat(confinement.description()).contains("missing.jar");
        assertThat(Optional.of(ConfinementChoice.of("namespaces"))).get().isEqualTo(
                Optional.of(ConfinementChoice.NAMESPACES));
    }
}
