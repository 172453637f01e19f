package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

final class CheckCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return new CommandLine(new CheckCommand()).setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true))
                .execute(arguments);
    }

    @Test
    void hostWithNoDriverFailsAndEachReasonIsPrinted() {
        assertThat(run("--driver", "qemu", "--qemu", "no-such-qemu")).isEqualTo(1);
        assertThat(out.toString()).contains("qemu").contains("unusable").contains("qemu-system-x86");
    }

    @Test
    void jsonNamesEveryDriver() {
        int status = run("-o", "json");
        JsonObject result = JsonParser.parseString(out.toString()).getAsJsonObject();

        assertThat(result.getAsJsonArray("drivers"))
                .extracting(driver -> driver.getAsJsonObject().get("name").getAsString())
                .containsExactly("kvm", "qemu");
        assertThat(result.getAsJsonArray("drivers").asList().stream()
                .anyMatch(driver -> driver.getAsJsonObject().get("usable").getAsBoolean())).isEqualTo(status == 0);
        assertThat(result.getAsJsonArray("drivers")).allSatisfy(
                driver -> assertThat(driver.getAsJsonObject().get("message").getAsString()).isNotEmpty());
    }

    @Test
    void unknownDriverIsNamed() {
        assertThat(run("--driver", "xen")).isEqualTo(1);
        assertThat(err.toString()).contains("xen");
    }
}
