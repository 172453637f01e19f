package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AgentConfigTest {
    @TempDir
    Path temp;

    private AgentOptions good() {
        AgentOptions options = new AgentOptions();
        options.host = Optional.of("h1");
        options.zookeeper = Optional.of("127.0.0.1:2181");
        options.data = Optional.of(temp.toString());
        return options;
    }

    @Test
    void allProblemsAreReportedTogether() {
        AgentOptions options = new AgentOptions();
        options.host = Optional.of("Bad-");
        options.listen = "nowhere";
        options.vcpuOvercommit = "x";
        options.reserveMemory = "12Q";
        options.drivers.add("xen");
        options.migrationPorts = "5-4";
        options.labels.put("a b", "c");

        assertThatThrownBy(() -> AgentConfig.of(options)).hasMessageContainingAll("Bad-", "--zookeeper is missing",
                "--data is missing",
                "nowhere", "--vcpu-overcommit : x", "12Q", "xen", "a b=c",
                "--migration-ports: ports : 5-4");
    }

    @Test
    void addressBeyondLoopbackNeedsTlsOrInsecure() throws Exception {
        AgentOptions options = good();
        options.listen = "192.0.2.1:7071";
        assertThatThrownBy(() -> AgentConfig.of(options)).hasMessageContaining("--tls-dir")
                .hasMessageContaining("--insecure");
        options.insecure = true;

        assertThat(AgentConfig.of(options).listen().getPort()).isEqualTo(7071);
        options.listen = "0.0.0.0:0";
        assertThatThrownBy(() -> AgentConfig.of(options)).hasMessageContaining("--advertise");
    }

    @Test
    void timesThatDoNotGoTogetherAreReportedWithTheOthers() throws Exception {
        AgentOptions options = good();
        assertThat(AgentConfig.of(options).timing().takeoverWait()).isEqualTo(Duration.ofSeconds(12));
        options.takeoverWait = Optional.of("11");
        options.reserveMemory = "12Q";
        assertThatThrownBy(() -> AgentConfig.of(options)).hasMessageContainingAll("12Q", "--takeover-wait : 11 s",
                "expected: more than 11 s");
        options.lease = "x";
        assertThatThrownBy(() -> AgentConfig.of(options)).hasMessageContainingAll("12Q", "--lease : x");
    }

    @Test
    void sizesAreBinary() {
        assertThat(ByteSize.parse("512M")).contains(512L << 20);
        assertThat(ByteSize.parse("2G")).contains(2L << 30);
        assertThat(ByteSize.parse("123")).contains(123L);
        assertThat(ByteSize.parse("99999999999999T")).isEmpty();
        assertThat(ByteSize.parse("-1")).isEmpty();
    }

    @Test
    void driversAreAllUnlessNamed() throws Exception {
        AgentOptions options = good();
        assertThat(AgentConfig.of(options).drivers()).containsExactlyInAnyOrder("kvm", "qemu");
        options.drivers.add("qemu");

        assertThat(AgentConfig.of(options).drivers()).containsExactly("qemu");
    }
}
