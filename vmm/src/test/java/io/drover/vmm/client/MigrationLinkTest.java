package io.drover.vmm.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.migration.link.LinkListener;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two agents of one process, and the ends of two VMMs. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MigrationLinkTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final String PASSWORD = "changeit";

    private static Hosts hosts;

    @TempDir
    private Path folder;

    @BeforeAll
    static void makeKeys(@TempDir Path keys) throws Exception {
        hosts = new Hosts(keys);
    }

    @Test
    void vmmsHaveTheTcpConnectionsThemselvesInTheClear() throws Exception {
        try (Both both = connect(Optional.empty(), Optional.empty(), 3)) {
            both.assertTalk();
            both.source.close();
            both.target.close();
            both.assertTalk();
        }
    }

    @Test
    void tlsGoesThroughTheAgentsAndEndsWithThem() throws Exception {
        try (Both both = connect(Optional.of(hosts.peer("h1", "h2")), Optional.of(hosts.peer("h2", "h1")), 2)) {
            both.assertTalk();
            both.assertMegabytesArrive();
            both.source.close();
            assertThat(both.receiving.getFirst().read(vector(1))).as("its end").isZero();
        }
    }

    @Test
    void doorsTakePortsOfTheirRangeAndSayWhenNoneIsLeft() throws Exception {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket taken = new ServerSocket(0, 1, loopback)) {
            int port = taken.getLocalPort();
            MigrationPorts one = new MigrationPorts(port, port);
            assertThatThrownBy(() -> MigrationDoor.listen(loopback, one, Optional.empty(), LONG))
                    .hasMessageContaining("ports " + port + " ").hasMessageContaining("--migration-ports");
            Optional<MigrationPeer> peer = Optional.of(hosts.peer("h1", "h2"));
            assertThatThrownBy(() -> MigrationDoor.listen(loopback, one, peer, LONG))
                    .hasMessageContaining("--migration-ports");

            MigrationPorts more = new MigrationPorts(port, Math.min(port + 100, 65_535));
            try (MigrationDoor door = MigrationDoor.listen(loopback, more, Optional.empty(), LONG);
                    MigrationDoor other = MigrationDoor.listen(loopback, more, peer, LONG)) {
                assertThat(door.port()).isBetween(port + 1, more.last());
                assertThat(other.port()).isBetween(door.port() + 1, more.last());
            }
        }
    }

    @Test
    void portsAreReadAsTheyAreWritten() {
        for (String text : List.of("7100-7163", "1", "65535", "0")) {
            assertThat(MigrationPorts.parse(text)).hasToString(text);
        }
        for (String text : List.of("", "x", "-1", "70000", "5-4", "0-5", "1-65536", "1-2-3", "1,2", "999999")) {
            assertThatThrownBy(() -> MigrationPorts.parse(text)).as(text).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("ports : ");
        }
    }

    @Test
    void hostThatIsAnotherIsRefusedByBothSides() throws Exception {
        assertThatThrownBy(
                () -> connect(Optional.of(hosts.peer("h1", "h3")), Optional.of(hosts.peer("h2", "h1")), 1))
                .hasMessageContaining("drover://agent/h2").hasMessageContaining("expected: drover://agent/h3");
        assertThatThrownBy(
                () -> connect(Optional.of(hosts.peer("h1", "h2")), Optional.of(hosts.peer("h2", "h3")), 1))
                .hasStackTraceContaining("expected: drover://agent/h3");
    }

    @Test
    void hostOfAnotherAuthorityIsRefused() throws Exception {
        assertThatThrownBy(
                () -> connect(Optional.of(hosts.stranger("h2")), Optional.of(hosts.peer("h2", "h1")), 1))
                .hasStackTraceContaining("SSLHandshakeException");
    }

    @Test
    void nobodyWhoComesIsNamedAsThat() throws Exception {
        try (MigrationDoor door = MigrationDoor.listen(loopback(0), Optional.empty(), Duration.ofMillis(50))) {
            assertThatThrownBy(() -> door.admit(folder.resolve("none"), 1)).hasMessageContaining("did not connect");
        }
        try (LinkListener link = LinkListener.listen(folder.resolve("link"))) {
            assertThatThrownBy(() -> link.accept(2, Duration.ofMillis(50), LONG))
                    .hasMessageContaining("0 connections were handed over").hasMessageContaining("expected: 2");
        }
    }

    private record Both(MigrationLink source, MigrationLink target, List<StreamConnection> sending,
            List<StreamConnection> receiving) implements AutoCloseable {
        /** Over each connection a byte there, and another back. */
        void assertTalk() {
            for (int at = 0; at < sending.size(); at++) {
                assertThat(sending.get(at).write(vector(1))).isEqualTo(1);
            }
            for (int at = 0; at < receiving.size(); at++) {
                assertThat(receiving.get(at).read(vector(1))).isEqualTo(1);
                assertThat(receiving.get(at).write(vector(2))).isEqualTo(2);
            }
            for (int at = 0; at < sending.size(); at++) {
                assertThat(sending.get(at).read(vector(2))).isEqualTo(2);
            }
        }

        void assertMegabytesArrive() throws Exception {
            ByteBuffer bytes = ByteBuffer.allocateDirect(4 << 20);
            for (int at = 0; at < bytes.capacity(); at++) {
                bytes.put(at, (byte) (at * 31 + (at >> 12)));
            }
            CompletableFuture<Long> sent = CompletableFuture.supplyAsync(() -> all(bytes, sending.getFirst(), true));
            ByteBuffer arrived = ByteBuffer.allocateDirect(bytes.capacity());
            StreamConnection other = receiving.getFirst();
            assertThat(all(arrived, other, false)).isEqualTo(bytes.capacity());
            assertThat(sent.get(30, TimeUnit.SECONDS)).isEqualTo(bytes.capacity());
            assertThat(arrived.mismatch(bytes)).isEqualTo(-1);
        }

        private static long all(ByteBuffer bytes, StreamConnection connection, boolean write) {
            IoVector vector = new IoVector(1);
            int done = 0;
            while (done < bytes.capacity()) {
                vector.clear();
                vector.add(bytes, done, bytes.capacity() - done);
                long result = write ? connection.write(vector) : connection.read(vector);
                if (result <= 0) {
                    return done;
                }
                done += (int) result;
            }
            return done;
        }

        @Override
        public void close() {
            source.close();
            target.close();
            for (StreamConnection connection : sending) {
                connection.close();
            }
            for (StreamConnection connection : receiving) {
                connection.close();
            }
        }
    }

    private static IoVector vector(int bytes) {
        IoVector vector = new IoVector(1);
        vector.add(ByteBuffer.allocateDirect(bytes), 0, bytes);
        return vector;
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private Both connect(Optional<MigrationPeer> atSource, Optional<MigrationPeer> atTarget, int connections)
            throws Exception {
        Path sourceLink = folder.resolve("source-link");
        Path targetLink = folder.resolve("target-link");
        try (LinkListener source = LinkListener.listen(sourceLink);
                LinkListener target = LinkListener.listen(targetLink);
                MigrationDoor door = MigrationDoor.listen(loopback(0), atTarget, LONG)) {
            CompletableFuture<List<StreamConnection>> sending = start(
                    () -> source.accept(connections, LONG, LONG));
            CompletableFuture<List<StreamConnection>> receiving = start(
                    () -> target.accept(connections, LONG, LONG));
            CompletableFuture<MigrationLink> admitted = start(() -> door.admit(targetLink, connections));
            MigrationLink connected;
            try {
                connected = MigrationLink.connect(loopback(door.port()), sourceLink, connections, atSource, LONG);
                return new Both(connected, admitted.get(30, TimeUnit.SECONDS), sending.get(30, TimeUnit.SECONDS),
                        receiving.get(30, TimeUnit.SECONDS));
            } catch (IOException | ExecutionException e) {
                source.end();
                target.end();
                throw e;
            }
        }
    }

    private static <T> CompletableFuture<T> start(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                result.complete(work.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    /** Keys as a cluster's authority would give them, and one that is nobody's. */
    private static final class Hosts {
        private final List<String> names = List.of("h1", "h2");
        private final KeyStore keys;
        private final KeyStore strange;

        Hosts(Path folder) throws Exception {
            Path keyFile = folder.resolve("keys.p12");
            Path strangeFile = folder.resolve("strange.p12");
            for (String name : names) {
                keytool(keyFile, name, name);
            }
            keytool(strangeFile, "h1", "h1");
            keys = load(keyFile);
            strange = load(strangeFile);
        }

        private static void keytool(Path store, String alias, String host) throws Exception {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-keyalg",
                    "EC", "-alias", alias, "-dname", "CN=" + host, "-ext", "SAN=uri:drover://agent/" + host,
                    "-keystore", store.toString(), "-storepass", PASSWORD, "-J-XX:TieredStopAtLevel=1"));
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(said).isZero();
        }

        MigrationPeer peer(String own, String other) throws Exception {
            return new MigrationPeer(context(keys, own, keys), "drover://agent/" + other);
        }

        MigrationPeer stranger(String other) throws Exception {
            return new MigrationPeer(context(strange, "h1", keys), "drover://agent/" + other);
        }

        private SSLContext context(KeyStore all, String alias, KeyStore trusted) throws Exception {
            KeyStore one = KeyStore.getInstance("PKCS12");
            one.load(null, null);
            one.setKeyEntry(alias, all.getKey(alias, PASSWORD.toCharArray()), PASSWORD.toCharArray(),
                    all.getCertificateChain(alias));
            KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            own.init(one, PASSWORD.toCharArray());
            KeyStore anchors = KeyStore.getInstance("PKCS12");
            anchors.load(null, null);
            for (String name : names) {
                anchors.setCertificateEntry(name, trusted.getCertificate(name));
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(anchors);
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        }

        private static KeyStore load(Path store) throws Exception {
            KeyStore loaded = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(store)) {
                loaded.load(in, PASSWORD.toCharArray());
            }
            return loaded;
        }
    }
}
