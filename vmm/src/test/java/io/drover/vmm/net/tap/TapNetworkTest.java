package io.drover.vmm.net.tap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class TapNetworkTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void kernelAnswersOverATapDevice(int pairs) throws Exception {
        Assumptions.assumeTrue(mayMakeTapDevices(), "skipped: needs root, unshare, ip and /dev/net/tun");
        Process trial = new ProcessBuilder("unshare", "--net",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                TapTrial.class.getName(), Integer.toString(pairs)).redirectErrorStream(true).start();
        String said = new String(trial.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(trial.waitFor()).as(said).isZero();
        assertThat(said).contains("answered with 42 bytes").doesNotContain("failed");
    }

    private static boolean mayMakeTapDevices() throws IOException, InterruptedException {
        if (!Files.isWritable(Path.of("/dev/net/tun"))) {
            return false;
        }
        try {
            return new ProcessBuilder("unshare", "--net", "ip", "tuntap", "add", "mode", "tap", "tap0").start()
                    .waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void nameThatNoDeviceCanHaveIsRefused() {
        for (String name : new String[] {"", "a/b", "sixteen-bytes-ok", "tap%d", "a b", ".."}) {
            assertThatThrownBy(() -> TapNetwork.checkName(name)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(name);
        }
        TapNetwork.checkName("fifteen-bytes-o");
    }
}
