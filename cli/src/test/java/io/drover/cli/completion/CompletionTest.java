package io.drover.cli.completion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.cli.CommandProcess;
import io.drover.cli.CommandRun;
import io.drover.cli.FakeController;
import io.drover.cli.TestCluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class CompletionTest {
    private FakeController controller;

    @BeforeEach
    void start() throws IOException {
        controller = TestCluster.withVmsAndHosts();
    }

    @AfterEach
    void stop() {
        controller.close();
    }

    @Test
    void commandsAndPrograms() {
        assertThat(complete("")).containsExactly("agent", "ca", "completion", "controller", "cpu-model", "demo", "host",
                "image", "lab", "migration", "task", "version", "vm");
        assertThat(complete("vm", "st")).containsExactly("start", "stop");
    }

    @Test
    void optionsOfTheCommand() {
        assertThat(complete("vm", "create", "x", "--d"))
                .containsExactly("--dedicated-cpus", "--detach", "--disk", "--driver", "--dry-run");
    }

    @Test
    void namesComeFromTheController() {
        assertThat(complete("vm", "stop", "")).containsExactly("web-1", "web-2");
        assertThat(complete("vm", "pause", "--to-disk", "")).containsExactly("web-1", "web-2");
        assertThat(complete("vm", "stop", "--force", "web-1", "w")).containsExactly("web-1", "web-2");
        assertThat(complete("host", "get", "h")).containsExactly("h1");
        assertThat(complete("vm", "migrate", "web-1", "--to", "")).containsExactly("h1");
        assertThat(complete("vm", "migrate", "web-1", "--policy", "")).containsExactly("give-up", "stop-and-copy");
        assertThat(complete("vm", "migrate", "web-1", "--compression", "")).containsExactly("lz4", "none");
        assertThat(complete("vm", "create", "x", "--image", "d")).containsExactly("debian");
    }

    @Test
    void valuesOfOptions() {
        assertThat(complete("vm", "list", "-o", "")).containsExactly("json", "name", "table", "yaml");
        assertThat(complete("vm", "create", "x", "--disk", "name=d")).containsExactly("name=data,size=");
        assertThat(complete("vm", "create", "x", "--nic", "")).containsExactly("bridge=br0", "user",
                "user,forward=tcp:");
        assertThat(complete("vm", "wait", "web-1", "--for", "state=ST")).containsExactly("state=STARTING",
                "state=STOPPED",
                "state=STOPPING");
        assertThat(complete("completion", "")).containsExactly("bash", "zsh");
    }

    @Test
    void theControllerNamedOnTheLineIsAsked() {
        CommandRun run = new CommandRun().with("DROVER_CONTROLLER", "127.0.0.1:1");
        run.run("__complete", "--", "vm", "get", "--controller", controller.address(), "");
        assertThat(run.out().lines()).containsExactly("web-1", "web-2");
    }

    @Test
    void noControllerIsNoNoise() {
        CommandRun run = new CommandRun().with("DROVER_CONTROLLER", "127.0.0.1:1");
        assertThat(run.run("__complete", "--", "vm", "get", "")).isZero();
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).isEmpty();
    }

    @Test
    void bashCompletesByTheScript(@TempDir Path folder) throws Exception {
        assumeTrue(CommandProcess.isInstalled("bash"), "skipped: bash is not installed");
        CommandRun script = new CommandRun();
        assertThat(script.run("completion", "bash")).isZero();
        Path file = Files.writeString(folder.resolve("drover.bash"), script.out());
        Path drover = folder.resolve("drover");
        Files.writeString(drover, "#!/bin/sh\nexec " + CommandProcess.shellCommand("") + " \"$@\"\n");
        assertThat(drover.toFile().setExecutable(true)).isTrue();

        assertThat(inBash(folder, file, "drover vm stop web-", "drover", "vm", "stop", "web-"))
                .isEqualTo("web-1 web-2");
        // bash hands the function what comes after '=' only, and wants only that back.
        assertThat(inBash(folder, file, "drover vm wait web-1 --for state=RUN", "drover", "vm", "wait", "web-1",
                "--for", "state",
                "=", "RUN")).isEqualTo("RUNNING");
    }

    @Test
    void zshScriptAsksTheSame() {
        CommandRun script = new CommandRun();
        assertThat(script.run("completion", "zsh")).isZero();
        assertThat(script.out()).contains("__complete --", "compdef _drover drover");
    }

    private List<String> complete(String... words) {
        CommandRun run = CommandRun.against(controller);
        List<String> arguments = new ArrayList<>(List.of("__complete", "--"));
        arguments.addAll(List.of(words));
        assertThat(run.run(arguments.toArray(String[]::new))).isZero();
        return run.out().lines().toList();
    }

    private String inBash(Path folder, Path script, String line, String... words) throws Exception {
        String program = "set -u; PATH=" + folder + ":$PATH; source " + script + "; COMP_LINE='" + line
                + "'; COMP_POINT=${#COMP_LINE}; "
                + "COMP_WORDS=(" + String.join(" ", words) + "); COMP_CWORD=" + (words.length - 1)
                + "; _drover; echo \"${COMPREPLY[*]}\"";
        ProcessBuilder builder = new ProcessBuilder("bash", "-c", program).redirectErrorStream(true);
        builder.environment().put("DROVER_CONTROLLER", controller.address());
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return output.strip();
    }
}
