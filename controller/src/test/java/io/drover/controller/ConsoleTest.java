package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.drover.controller.fake.FakeAgent;
import io.drover.proto.agent.v1.Exit;
import io.drover.proto.v1.AttachConsoleRequest;
import io.drover.proto.v1.AttachConsoleResponse;
import io.drover.proto.v1.ReadVmLogRequest;
import io.drover.proto.v1.ReadVmLogResponse;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmState;
import io.grpc.Status;
import io.grpc.stub.BlockingClientCall;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Consoles and logs, passed on from the host. */
final class ConsoleTest {
    private static final int PIECE_BYTES = 16 << 10;

    @TempDir
    private static Path data;
    private static Cloud cloud;
    private static FakeAgent host;

    @BeforeAll
    static void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
        host = cloud.host("h1");
    }

    @AfterAll
    static void stop() {
        cloud.close();
    }

    private static BlockingClientCall<AttachConsoleRequest, AttachConsoleResponse> attach(String vm) throws Exception {
        var call = cloud.vms().attachConsole();
        call.write(AttachConsoleRequest.newBuilder().setName("vms/" + vm).build());
        return call;
    }

    @Test
    void consoleShowsWhatWasPrintedTakesInputAndEndsWithTheRun() throws Exception {
        cloud.running("con-1");
        var console = attach("con-1");
        var other = attach("con-1");
        assertThat(console.read().getOutput().toStringUtf8()).isEqualTo("scrollback\n");
        assertThat(other.read().getOutput().toStringUtf8()).isEqualTo("scrollback\n");
        console.write(AttachConsoleRequest.newBuilder().setInput(ByteString.copyFromUtf8("uname\n")).build());
        assertThat(console.read().getOutput().toStringUtf8()).isEqualTo("echo uname\n");
        host.print("con-1", "Linux\n");
        assertThat(console.read().getOutput().toStringUtf8()).isEqualTo("Linux\n");
        assertThat(other.read().getOutput().toStringUtf8()).isEqualTo("Linux\n");
        host.end("con-1", Exit.Cause.GUEST_POWERED_OFF, "ACPI S5");
        assertThat(console.read().getExit().getCause()).isEqualTo(VmExit.Cause.GUEST_POWERED_OFF);
        assertThat(console.read()).isNull();
    }

    /** What a client does not read stays with the guest's host, but for the buffers on the way. */
    @Test
    void slowClientHoldsUpItsOwnConsoleAndNothingPilesUp() throws Exception {
        cloud.running("con-4");
        var slow = attach("con-4");
        assertThat(slow.read().getOutput().toStringUtf8()).isEqualTo("scrollback\n");
        int pieces = host.flood("con-4", PIECE_BYTES, Duration.ofSeconds(1));
        assertThat((long) pieces * PIECE_BYTES).as("bytes taken for a client that reads nothing").isLessThan(4L << 20);
        for (int i = 0; i < pieces; i++) {
            assertThat(slow.read().getOutput().toStringUtf8()).startsWith(i + " ").hasSize(PIECE_BYTES);
        }
        host.print("con-4", "and on");
        assertThat(slow.read().getOutput().toStringUtf8()).isEqualTo("and on");
        slow.cancel("seen enough", null);
    }

    @Test
    void leavingAConsoleEndsTheSessionOnTheHost() throws Exception {
        cloud.running("con-2");
        var console = attach("con-2");
        console.read();
        console.halfClose();
        assertThat(console.read()).isNull();
        assertThat(cloud.vm("con-2").getState()).isEqualTo(VmState.VM_STATE_RUNNING);
    }

    @Test
    void logIsReadWhileItRunsAndAfterwards() throws Exception {
        String uid = cloud.running("log-1").getUid();
        assertThat(log("log-1")).isEqualTo("CONSOLE of " + uid);
        host.end("log-1", Exit.Cause.GUEST_PANICKED, "pvpanic");
        cloud.vm("log-1", VmState.VM_STATE_FAILED);
        assertThat(log("log-1")).isEqualTo("CONSOLE of " + uid);
    }

    private static String log(String vm) throws Exception {
        var call = cloud.vms().readVmLog(ReadVmLogRequest.newBuilder().setName("vms/" + vm).build());
        StringBuilder text = new StringBuilder();
        for (ReadVmLogResponse part = call.read(); part != null; part = call.read()) {
            text.append(part.getData().toStringUtf8());
        }
        return text.toString();
    }

    @Test
    void vmThatDoesNotRunHasNoConsole() throws Exception {
        cloud.running("con-3");
        host.end("con-3", Exit.Cause.GUEST_POWERED_OFF, "ACPI S5");
        cloud.vm("con-3", VmState.VM_STATE_STOPPED);
        Refusals refusal = Refusals.of(() -> attach("con-3").read());
        assertThat(refusal.reason()).isEqualTo("VM_NOT_RUNNING");
        assertThat(Refusals.of(() -> attach("nobody").read()).code()).isEqualTo(Status.Code.NOT_FOUND);
    }
}
