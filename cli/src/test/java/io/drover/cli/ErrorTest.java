package io.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.Code;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How errors are told, and with which exit code. */
class ErrorTest {
    private FakeController controller;

    @BeforeEach
    void start() throws IOException {
        controller = new FakeController();
    }

    @AfterEach
    void stop() {
        controller.close();
    }

    @ParameterizedTest
    @CsvSource({"NOT_FOUND, VM_NOT_FOUND, 4", "ALREADY_EXISTS, NAME_TAKEN, 3", "FAILED_PRECONDITION, VM_RUNNING, 3",
            "ABORTED, CHANGED_MEANWHILE, 3", "FAILED_PRECONDITION, NO_HOST_FITS, 2", "PERMISSION_DENIED, ROLE, 5",
            "UNAUTHENTICATED, NO_CERTIFICATE, 5", "RESOURCE_EXHAUSTED, QUOTA, 5", "DEADLINE_EXCEEDED, SLOW, 6",
            "INVALID_ARGUMENT, BAD_MEMORY, 1", "INTERNAL, BUG, 1", "UNIMPLEMENTED, LATER, 1", "DATA_LOSS, SHA256, 1"})
    void exitCodeTellsWhatKindOfError(Code code, String reason, int exitCode) {
        controller.fail("GetVm", code, reason, "so it is", Map.of());
        assertThat(CommandRun.against(controller).run("vm", "get", "web-1")).isEqualTo(exitCode);
    }

    @Test
    void errorSaysWhatWhyAndWhatNext() {
        controller.fail("CreateVm", Code.ALREADY_EXISTS, "NAME_TAKEN", "vms/web-1 exists since 12:00",
                Map.of("resource", "vms/web-1", "next_step", "choose another name"));
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "create", "web-1", "--image", "debian")).isEqualTo(3);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).isEqualTo("""
                error: VM web-1 was not created
                  why:  vms/web-1 exists since 12:00
                  next: choose another name
                """);
    }

    @Test
    void errorIsAnObjectInJson() {
        controller.fail("CreateVm", Code.ALREADY_EXISTS, "NAME_TAKEN", "vms/web-1 exists",
                Map.of("resource", "vms/web-1", "next_step", "choose another name"));
        CommandRun run = CommandRun.against(controller);
        run.run("vm", "create", "web-1", "--image", "debian", "-o", "json");
        assertThat(run.err()).isEqualTo("""
                {
                  "error": {
                    "reason": "NAME_TAKEN",
                    "exitCode": 3,
                    "what": "VM web-1 was not created",
                    "why": "vms/web-1 exists",
                    "nextStep": "choose another name",
                    "metadata": {
                      "next_step": "choose another name",
                      "resource": "vms/web-1"
                    }
                  }
                }
                """);
    }

    @Test
    void noControllerIsSaidWithTheWayOut() {
        controller.close();
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run("vm", "list")).isEqualTo(1);
        assertThat(run.err())
                .startsWith("error: cannot list VMs\n  why:  no controller answers at " + controller.address())
                .contains("next: start one with `drover controller`").doesNotContain("Exception", "\tat ");
    }

    @Test
    void unreadableEndpointIsNamed() {
        CommandRun run = new CommandRun().with("DROVER_CONTROLLER", "somewhere");
        assertThat(run.run("vm", "list")).isEqualTo(1);
        assertThat(run.err()).contains("why:  endpoint : somewhere (expected: HOST:PORT, such as 127.0.0.1:7070)");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"vm| Missing required subcommand",
            "vm create x --image i --memory 12Q| '12Q' is no size (expected: such as 256M, 2G or a number of bytes)",
            "vm stop x --grace soon| 'soon' is no time (expected: such as 90s, 5m or 1h30m)",
            "vm wait x --for state=WARM| 'state=WARM' is no condition",
            "vm list -o csv| 'csv' is no output format (expected: table, json, yaml, name)",
            "vm crate x| Unmatched argument"})
    void misuseIsExplainedAndIsNotTakenForCannotBePlaced(String line, String why) {
        CommandRun run = CommandRun.against(controller);
        assertThat(run.run(line.split(" "))).isEqualTo(1);
        assertThat(run.err()).startsWith("error: the command line is not understood\n").contains(why, "--help");
    }

    @Test
    void misuseIsJsonToo() {
        CommandRun run = CommandRun.against(controller);
        run.run("vm", "list", "-o", "json", "--wrong");
        assertThat(run.err()).startsWith("{").contains("\"reason\": \"USAGE\"");
    }

    @Test
    void bugOfOursIsOneLineUnlessDebugging() {
        CommandRun run = new CommandRun().with("DROVER_TLS_DIR", "\0");
        assertThat(run.run("vm", "list")).isEqualTo(1);
        assertThat(run.err()).contains("this is a bug of drover").doesNotContain("\tat ");
    }
}
