package io.drover.cli.ca;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.cli.CommandRun;
import io.drover.cli.FakeController;
import io.grpc.TlsServerCredentials;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void makeAuthority() {
        run("ca", "init", "--dir", path("ca"));
    }

    @Test
    void certificatesMakeMutualTls() throws Exception {
        issue("controller", "c1", "server");
        issue("client", "me", "client");
        try (FakeController controller = serve("server")) {
            CommandRun run = CommandRun.against(controller).with("DROVER_TLS_DIR", path("client"));
            assertThat(run.run("vm", "list")).as(run.err()).isZero();

            CommandRun plain = CommandRun.against(controller);
            assertThat(plain.run("vm", "list")).isEqualTo(1);
            assertThat(plain.err()).contains("--tls-dir").doesNotContain("\tat ");
        }
    }

    @Test
    void strangersAreRefused() throws Exception {
        issue("controller", "c1", "server");
        run("ca", "init", "--dir", path("other-ca"));
        run("ca", "issue", "--ca", path("other-ca"), "--role", "client", "--name", "me", "--out", path("stranger"));
        try (FakeController controller = serve("server")) {
            CommandRun run = CommandRun.against(controller).with("DROVER_TLS_DIR", path("stranger"));
            assertThat(run.run("vm", "list")).isEqualTo(1);
        }
    }

    @Test
    void roleNamesAndAddressesAreInTheCertificate() throws Exception {
        run("ca", "issue", "--ca", path("ca"), "--role", "agent", "--name", "host-1", "--dns", "host-1.example.org",
                "--ip",
                "10.0.0.7", "--out", path("agent"), "--days", "30");
        X509Certificate certificate = certificate("agent/cert.pem");
        // RFC 5280, 4.2.1.6: 6 is a URI, 2 a DNS name, 7 an address.
        assertThat(certificate.getSubjectAlternativeNames()).contains(List.of(6, "drover://agent/host-1"),
                List.of(2, "host-1.example.org"), List.of(2, "localhost"), List.of(7, "10.0.0.7"),
                List.of(7, "127.0.0.1"));
        assertThat(certificate.getBasicConstraints()).as("no authority").isEqualTo(-1);
        certificate.verify(certificate("ca/ca.pem").getPublicKey());
    }

    @Test
    void clientsAreNoServers() throws Exception {
        issue("client", "me", "client");
        assertThat(certificate("client/cert.pem").getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
    }

    @Test
    void certificateNeverOutlivesItsAuthority() throws Exception {
        run("ca", "init", "--dir", path("short"), "--days", "10");
        run("ca", "issue", "--ca", path("short"), "--role", "client", "--name", "me", "--out", path("client"), "--days",
                "825");
        assertThat(certificate("client/cert.pem").getNotAfter())
                .isBeforeOrEqualTo(certificate("short/ca.pem").getNotAfter());
    }

    @Test
    void keysAreForTheirOwnerOnly() throws Exception {
        issue("agent", "h1", "agent");
        for (String key : List.of("ca/ca-key.pem", "agent/key.pem")) {
            assertThat(Files.getPosixFilePermissions(folder.resolve(key)))
                    .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        }
    }

    @Test
    void nothingIsOverwritten() {
        CommandRun again = new CommandRun();
        assertThat(again.run("ca", "init", "--dir", path("ca"))).isEqualTo(1);
        assertThat(again.err()).contains("ca-key.pem", "exists already and is not overwritten");
    }

    @Test
    void badArgumentsAreNamed() {
        CommandRun run = new CommandRun();
        assertThat(run.run("ca", "issue", "--ca", path("none"), "--role", "agent", "--name", "h1", "--out", path("x")))
                .isEqualTo(1);
        assertThat(run.run("ca", "issue", "--ca", path("ca"), "--role", "agent", "--name", "H 1", "--out", path("x")))
                .isEqualTo(1);
        assertThat(run.run("ca", "issue", "--ca", path("ca"), "--role", "agent", "--name", "h1", "--ip", "300.1.1.1",
                "--out",
                path("x"))).isEqualTo(1);
        assertThat(run.run("ca", "init", "--dir", path("new"), "--days", "0")).isEqualTo(1);
        assertThat(run.err()).contains("--name H 1 (expected:", "--days 0 (expected: 1 to 36500)")
                .doesNotContain("bug of drover");
    }

    private FakeController serve(String directory) throws IOException {
        return new FakeController(0,
                TlsServerCredentials.newBuilder().trustManager(folder.resolve(directory).resolve("ca.pem").toFile())
                        .keyManager(folder.resolve(directory).resolve("cert.pem").toFile(),
                                folder.resolve(directory).resolve("key.pem").toFile())
                        .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE).build());
    }

    private void issue(String role, String name, String directory) {
        run("ca", "issue", "--ca", path("ca"), "--role", role, "--name", name, "--out", path(directory));
    }

    private static void run(String... arguments) {
        CommandRun run = new CommandRun().at(Clock.systemUTC());
        assertThat(run.run(arguments)).as(run.err()).isZero();
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private X509Certificate certificate(String file) throws Exception {
        try (InputStream in = Files.newInputStream(folder.resolve(file))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }
}
