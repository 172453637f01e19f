package io.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The launcher in an installation, with a Java that only tells how it was called. */
@Timeout(60)
class LauncherTest {
    @TempDir
    private Path folder;
    private Path installation;

    @BeforeEach
    void install() throws IOException {
        Path script = Path.of("..", "drover");
        assumeTrue(Files.exists(script), "skipped: run outside of the source tree");
        installation = folder.resolve("opt with blank");
        Files.createDirectories(installation.resolve("bin"));
        Files.copy(script, installation.resolve("bin/drover"));
        assertThat(installation.resolve("bin/drover").toFile().setExecutable(true)).isTrue();
        Files.createDirectories(installation.resolve("lib"));
        for (String component : List.of("cli", "controller", "node-agent", "lab")) {
            Files.createFile(installation.resolve("lib/drover-" + component + "-1.2.jar"));
        }
        java("25.0.1");
    }

    @ParameterizedTest
    @CsvSource({"vm list, cli, io.drover.cli.Main, vm list", "'', cli, io.drover.cli.Main, ''",
            "host list, cli, io.drover.cli.Main, host list",
            "host check -o json, node-agent, io.drover.agent.Main, check -o json",
            "agent --host h1, node-agent, io.drover.agent.Main, --host h1",
            "controller, controller, io.drover.controller.Main, ''",
            "lab up, lab, io.drover.lab.Main, up", "demo --keep, cli, io.drover.demo.Main, --keep"})
    void firstWordPicksTheProgram(String line, String component, String main, String arguments) throws Exception {
        List<String> words = called(line.isEmpty() ? List.of() : List.of(line.split(" ")));
        int classPath = words.indexOf("-cp");
        assertThat(words.get(classPath + 1))
                .isEqualTo(installation.resolve("lib/drover-" + component + "-1.2.jar").toString());
        assertThat(words.get(classPath + 2)).isEqualTo(main);
        assertThat(String.join(" ", words.subList(classPath + 3, words.size()))).isEqualTo(arguments);
        assertThat(words).contains("-Ddrover.home=" + installation, "-Ddrover.terminals=");
    }

    @Test
    void wordsStayWords() throws Exception {
        assertThat(called(List.of("vm", "create", "a b", "", "$HOME", "*"))).endsWith("vm", "create", "a b", "",
                "$HOME", "*");
    }

    @Test
    void cacheIsUsedWhenItIsThere() throws Exception {
        assertThat(called(List.of("version"))).noneMatch(word -> word.startsWith("-XX:AOTCache"));
        Files.createDirectories(installation.resolve("aot"));
        Files.createFile(installation.resolve("aot/cli.aot"));
        assertThat(called(List.of("version"))).contains("-XX:AOTCache=" + installation.resolve("aot/cli.aot"));
    }

    @Test
    void javaOfAnotherVersionIsNotTaken() throws Exception {
        java("21.0.1");
        Run run = run(List.of("version"));
        // Another one on this machine, or none and a message; never the wrong one.
        assertThat(run.output).doesNotContain("fake java");
        assertThat(run.output).satisfiesAnyOf(
                output -> assertThat(output).contains("error: no JDK 25 was found", "apt-get install"),
                output -> assertThat(output).containsAnyOf("zip", "Invalid", "not find", "Error"));
    }

    @Test
    void brokenInstallationIsNamed() throws Exception {
        Files.delete(installation.resolve("lib/drover-lab-1.2.jar"));
        Run run = run(List.of("lab", "up"));
        assertThat(run.exitCode).isEqualTo(1);
        assertThat(run.output).contains("error: ", "drover-lab-", "is missing", "next: ");
    }

    private void java(String version) throws IOException {
        Path home = Files.createDirectories(folder.resolve("jdk/bin")).getParent();
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        Path java = Files.writeString(home.resolve("bin/java"), "#!/bin/sh\necho fake java\nprintf '%s\\n' \"$@\"\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
    }

    private List<String> called(List<String> arguments) throws Exception {
        Run run = run(arguments);
        assertThat(run.exitCode).as(run.output).isZero();
        assertThat(run.output).startsWith("fake java\n");
        return List.of(run.output.substring("fake java\n".length(), run.output.length() - 1).split("\n", -1));
    }

    private Run run(List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(installation.resolve("bin/drover").toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
        builder.environment().remove("DROVER_JAVA_OPTS");
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), output);
    }

    private record Run(int exitCode, String output) {}
}
