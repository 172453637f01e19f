package io.drover.agent.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Duration;
import io.drover.agent.testing.Authority;
import io.drover.proto.agent.v1.VmUsage;
import io.grpc.util.CertificateUtils;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class MetricsServerTest {
    private static final List<VmUsage> USAGE = List.of(VmUsage.newBuilder().setVm("web-1").setUid("u1").setDriver("kvm")
            .setCpuTime(Duration.newBuilder().setSeconds(2).setNanos(500_000_000)).setVcpus(4).setMemoryBytes(1 << 30)
            .setResidentMemoryBytes(1 << 20)
            .addDisks(VmUsage.Disk.newBuilder().setName("root").setReads(3).setReadBytes(4096).setFailures(1))
            .addNics(VmUsage.Nic.newBuilder().setName("net0").setReceivedFrames(1).setReceivedBytes(2)
                    .setReceiveDrops(3).setSentFrames(4).setSentBytes(5).setSendDrops(6))
            .setVsock(VmUsage.Vsock.newBuilder().setOpen(1).setFromHost(2).setFromGuest(3).setRefused(4)
                    .setReceivedBytes(5).setSentBytes(6))
            .addConsolePorts(VmUsage.ConsolePort.newBuilder().setReceivedBytes(1).setSentBytes(2))
            .addConsolePorts(VmUsage.ConsolePort.newBuilder().setName("a").setReceivedBytes(3))
            .setBalloon(VmUsage.Balloon.newBuilder().setTargetBytes(1).setActualBytes(2).setReportedBytes(3)
                    .setGuestMemory(VmUsage.GuestMemory.newBuilder().setFreeBytes(4).setMajorFaults(5)))
            .setWatchdog(VmUsage.Watchdog.newBuilder().setArmed(true).setExpirations(1))
            .setRng(VmUsage.Rng.newBuilder().setBytes(9)).build(),
            VmUsage.newBuilder().setVm("web-2").setUid("u2").setDriver("qemu").build());

    @TempDir
    Path temp;

    private static MetricsServer serve(Optional<Path> tls) throws IOException {
        return MetricsServer.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), tls,
                new VmMetrics(() -> USAGE));
    }

    private static String get(HttpClient client, String scheme, MetricsServer server) throws Exception {
        HttpRequest request = HttpRequest
                .newBuilder(URI.create(scheme + "://127.0.0.1:" + server.port() + "/metrics")).build();
        HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(200);
        return answer.body();
    }

    @Test
    void everyVmAndEachOfItsDisksIsTold() throws Exception {
        try (MetricsServer server = serve(Optional.empty()); HttpClient client = HttpClient.newHttpClient()) {
            String vm = "driver=\"kvm\",uid=\"u1\",vm=\"web-1\"";
            String disk = "disk=\"root\"," + vm;
            assertThat(get(client, "http", server).lines()).contains("# TYPE drover_vm_cpu_seconds_total counter",
                    "drover_vm_cpu_seconds_total{" + vm + "} 2.5", "# TYPE drover_vm_memory_bytes gauge",
                    "drover_vm_memory_bytes{" + vm + "} 1.073741824E9", "drover_vm_vcpus{" + vm + "} 4.0",
                    "drover_vm_memory_resident_bytes{" + vm + "} 1048576.0",
                    "drover_vm_disk_reads_total{" + disk + "} 3.0",
                    "drover_vm_disk_read_bytes_total{" + disk + "} 4096.0",
                    "drover_vm_disk_failures_total{" + disk + "} 1.0");
        }
    }

    @Test
    void devicesOfEveryKindAreToldAndWhatNobodyTellsHasNoSample() throws Exception {
        try (MetricsServer server = serve(Optional.empty()); HttpClient client = HttpClient.newHttpClient()) {
            String vm = "driver=\"kvm\",uid=\"u1\",vm=\"web-1\"";
            String nic = "driver=\"kvm\",nic=\"net0\",uid=\"u1\",vm=\"web-1\"";
            List<String> lines = get(client, "http", server).lines().toList();
            assertThat(lines).contains("# TYPE drover_vm_nic_receive_bytes_total counter",
                    "# HELP drover_vm_nic_receive_bytes_total Bytes that the guest was given",
                    "drover_vm_nic_receive_packets_total{" + nic + "} 1.0",
                    "drover_vm_nic_receive_bytes_total{" + nic + "} 2.0",
                    "drover_vm_nic_receive_drop_total{" + nic + "} 3.0",
                    "drover_vm_nic_transmit_packets_total{" + nic + "} 4.0",
                    "drover_vm_nic_transmit_bytes_total{" + nic + "} 5.0",
                    "drover_vm_nic_transmit_drop_total{" + nic + "} 6.0",
                    "# TYPE drover_vm_vsock_open gauge", "drover_vm_vsock_open{" + vm + "} 1.0",
                    "drover_vm_vsock_from_host_total{" + vm + "} 2.0",
                    "drover_vm_vsock_from_guest_total{" + vm + "} 3.0",
                    "drover_vm_vsock_refused_total{" + vm + "} 4.0",
                    "drover_vm_vsock_receive_bytes_total{" + vm + "} 5.0",
                    "drover_vm_vsock_transmit_bytes_total{" + vm + "} 6.0",
                    "drover_vm_console_receive_bytes_total{driver=\"kvm\",port=\"\",uid=\"u1\",vm=\"web-1\"} 1.0",
                    "drover_vm_console_transmit_bytes_total{driver=\"kvm\",port=\"\",uid=\"u1\",vm=\"web-1\"} 2.0",
                    "drover_vm_console_receive_bytes_total{driver=\"kvm\",port=\"a\",uid=\"u1\",vm=\"web-1\"} 3.0",
                    "drover_vm_balloon_target_bytes{" + vm + "} 1.0",
                    "drover_vm_balloon_actual_bytes{" + vm + "} 2.0",
                    "drover_vm_balloon_reported_bytes_total{" + vm + "} 3.0",
                    "drover_vm_guest_memory_free_bytes{" + vm + "} 4.0",
                    "# TYPE drover_vm_guest_major_faults_total counter",
                    "drover_vm_guest_major_faults_total{" + vm + "} 5.0",
                    "drover_vm_watchdog_armed{" + vm + "} 1.0", "drover_vm_watchdog_expirations_total{" + vm + "} 1.0",
                    "drover_vm_rng_bytes_total{" + vm + "} 9.0");
            assertThat(lines).noneMatch(line -> line.startsWith("drover_vm_balloon_inflated"))
                    .noneMatch(line -> line.startsWith("drover_vm_guest_memory_total"));
            assertThat(lines.stream().filter(line -> line.contains("\"web-2\"")))
                    .allMatch(line -> line.matches("drover_vm_(cpu|vcpus|memory).*"));
        }
    }

    @Test
    void withAnAuthorityOnlyItsOwnAreAnswered() throws Exception {
        Authority authority = new Authority("Drover test CA");
        Path own = authority.issue(temp.resolve("agent"), "drover://agent/h1");
        try (MetricsServer server = serve(Optional.of(own))) {
            try (HttpClient client = client(authority.issue(temp.resolve("client"), "drover://client/prometheus"),
                    own)) {
                assertThat(get(client, "https", server)).contains("drover_vm_vcpus");
            }
            Path stranger = new Authority("Somebody else").issue(temp.resolve("stranger"), "drover://client/x");
            try (HttpClient client = client(stranger, own)) {
                assertThatThrownBy(() -> get(client, "https", server)).isInstanceOf(IOException.class);
            }
            try (HttpClient client = HttpClient.newHttpClient()) {
                assertThatThrownBy(() -> get(client, "http", server)).isInstanceOf(IOException.class);
            }
        }
    }

    /** With the key of one folder, trusting the authority of another. */
    private static HttpClient client(Path identity, Path trusted) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        try (var key = Files.newInputStream(identity.resolve("key.pem"));
                var certificate = Files.newInputStream(identity.resolve("cert.pem"));
                var authority = Files.newInputStream(trusted.resolve("ca.pem"))) {
            keys.setKeyEntry("own", CertificateUtils.getPrivateKey(key), new char[0],
                    CertificateUtils.getX509Certificates(certificate));
            keys.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(authority));
        }
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, new char[0]);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(keys);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
        return HttpClient.newBuilder().sslContext(context).build();
    }
}
