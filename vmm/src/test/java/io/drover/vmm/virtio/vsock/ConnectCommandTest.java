package io.drover.vmm.virtio.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.virtio.vsock.ConnectCommand.Progress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectCommandTest {
    @Test
    void commandIsCompleteAtItsLineEnd() {
        ConnectCommand command = new ConnectCommand();
        assertThat(take(command, "CONNECT 4294967294")).isEqualTo(Progress.MORE);
        assertThat(take(command, "\n")).isEqualTo(Progress.COMPLETE);
        assertThat(Integer.toUnsignedLong(command.port())).isEqualTo(4_294_967_294L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"CONNECT \n", "connect 5\n", "CONNECT  5\n", "CONNECT -1\n", "CONNECT 5\r\n",
            "CONNECT 4294967295\n",
            "CONNECT 99999999999999999999\n", "CONNECT 00000000005\n", "\n", "CONNECT 5 \n", "GET / HTTP/1.1\r\n"})
    void anythingElseIsWrong(String line) {
        assertThat(take(new ConnectCommand(), line)).isEqualTo(Progress.WRONG);
    }

    private static Progress take(ConnectCommand command, String text) {
        Progress progress = Progress.MORE;
        for (int i = 0; i < text.length() && progress == Progress.MORE; i++) {
            progress = command.take(text.charAt(i));
        }
        return progress;
    }
}
