package io.drover.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShellScriptTest {
    @TempDir
    private Path folder;

    private static String outputOf(ShellScript script) throws IOException {
        Process shell = new ProcessBuilder("/bin/sh", "-c", script.text()).redirectErrorStream(true).start();
        return new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void argumentsReachTheProgramAsTheyAre() throws IOException {
        List<String> odd = List.of("", " ", "a b", "it's", "''", "\"$HOME\"", "`id`", "$(id)", "a\nb", "*", "\\", "-n",
                "é", ";", "#");
        List<String> words = new ArrayList<>(List.of("printf", "%s\\0"));
        words.addAll(odd);

        assertThat(outputOf(ShellScript.of(words)).split("\0", -1)).startsWith(odd.toArray(String[]::new))
                .hasSize(odd.size() + 1);
    }

    @Test
    void nulInAnArgumentIsRefused() {
        assertThatThrownBy(() -> ShellScript.of(List.of("echo", "a\0b"))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void runsInTheFolderWhenTheHostHasIt() throws IOException {
        ShellScript where = ShellScript.of(List.of("pwd"));

        assertThat(outputOf(where.in(folder.toString()))).isEqualTo(folder + "\n");
        assertThat(outputOf(where.in(folder.resolve("it's missing").toString()))).isEqualTo("/\n");
    }
}
