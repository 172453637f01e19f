package io.drover.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.agent.testing.Authority;
import io.drover.agent.testing.Cluster;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who may call an agent that has certificates. */
@Timeout(60)
final class TlsTest {
    @TempDir
    Path temp;

    private Authority authority;
    private Cluster cluster;
    private Agent agent;
    private String address;

    @BeforeEach
    void serve() throws Exception {
        authority = new Authority("Drover test CA");
        cluster = new Cluster();
        AgentOptions options = new AgentOptions();
        options.host = Optional.of("h1");
        options.zookeeper = Optional.of(cluster.connectString());
        options.data = Optional.of(temp.resolve("data").toString());
        options.drivers = List.of("qemu");
        options.tlsFolder = Optional.of(authority.issue(temp.resolve("agent"), "drover://agent/h1").toString());
        agent = new Agent(AgentConfig.of(options), step -> {});
        address = agent.start().agent();
    }

    @AfterEach
    void end() throws Exception {
        agent.close();
        cluster.close();
    }

    private ServingStatus call(ChannelCredentials credentials) {
        ManagedChannel channel = Grpc.newChannelBuilder(address, credentials).build();
        try {
            return HealthGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS)
                    .check(HealthCheckRequest.getDefaultInstance()).getStatus();
        } finally {
            channel.shutdownNow();
        }
    }

    private ChannelCredentials as(String role) throws Exception {
        return credentials(authority.issue(temp.resolve("caller"), role));
    }

    private static ChannelCredentials credentials(Path folder) throws Exception {
        return TlsChannelCredentials.newBuilder()
                .keyManager(folder.resolve("cert.pem").toFile(), folder.resolve("key.pem").toFile())
                .trustManager(folder.resolve("ca.pem").toFile()).build();
    }

    private void refused(ChannelCredentials credentials, Status.Code code) {
        assertThatThrownBy(() -> call(credentials)).isInstanceOfSatisfying(StatusRuntimeException.class,
                e -> assertThat(e.getStatus().getCode()).as(e.toString()).isEqualTo(code));
    }

    @Test
    void controllersAreServedAndNobodyElse() throws Exception {
        assertThat(call(as("drover://controller/c1"))).isEqualTo(ServingStatus.SERVING);
        refused(as("drover://agent/h2"), Status.Code.PERMISSION_DENIED);
        refused(as("drover://client/anna"), Status.Code.PERMISSION_DENIED);
        refused(as("drover://controller/"), Status.Code.PERMISSION_DENIED);
    }

    @Test
    void strangersAreNotTalkedTo() throws Exception {
        Path stranger = new Authority("Somebody else").issue(temp.resolve("stranger"), "drover://controller/c1");
        Files.copy(temp.resolve("agent/ca.pem"), stranger.resolve("ca.pem"), StandardCopyOption.REPLACE_EXISTING);

        refused(credentials(stranger), Status.Code.UNAVAILABLE);
        refused(TlsChannelCredentials.newBuilder().trustManager(stranger.resolve("ca.pem").toFile()).build(),
                Status.Code.UNAVAILABLE);
        refused(InsecureChannelCredentials.create(), Status.Code.UNAVAILABLE);
    }
}
