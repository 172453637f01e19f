package io.drover.agent.metrics;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import io.grpc.util.CertificateUtils;
import io.prometheus.metrics.exporter.httpserver.HTTPServer;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/** Serves {@code /metrics} in the text formats of Prometheus and OpenMetrics. */
public final class MetricsServer implements AutoCloseable {
    /** Of a key store that is never written. */
    private static final char[] NO_PASSWORD = new char[0];

    private final HTTPServer server;

    private MetricsServer(HTTPServer server) {
        this.server = server;
    }

    /**
     * Serves.
     *
     * @param tlsFolder holds ca.pem, cert.pem and key.pem: whoever asks must then have a certificate of that authority; empty:
     *        plain text
     */
    public static MetricsServer start(InetSocketAddress listen, Optional<Path> tlsFolder, MultiCollector vms)
            throws IOException {
        PrometheusRegistry registry = new PrometheusRegistry();
        registry.register(vms);
        HTTPServer.Builder builder = HTTPServer.builder().inetAddress(listen.getAddress()).port(listen.getPort())
                .registry(registry);
        if (tlsFolder.isPresent()) {
            builder.httpsConfigurator(mutualTls(tlsFolder.get()));
        }
        try {
            return new MetricsServer(builder.buildAndStart());
        } catch (IOException e) {
            throw new IOException("--metrics-listen : cannot listen on " + listen + ": " + e.getMessage(), e);
        }
    }

    private static HttpsConfigurator mutualTls(Path folder) throws IOException {
        try (InputStream authority = Files.newInputStream(folder.resolve("ca.pem"));
                InputStream certificate = Files.newInputStream(folder.resolve("cert.pem"));
                InputStream key = Files.newInputStream(folder.resolve("key.pem"))) {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys(CertificateUtils.getPrivateKey(key), CertificateUtils.getX509Certificates(certificate))
                    .getKeyManagers(), trusted(CertificateUtils.getX509Certificates(authority)).getTrustManagers(),
                    null);
            return new HttpsConfigurator(context) {
                @Override
                public void configure(HttpsParameters parameters) {
                    SSLParameters wanted = context.getDefaultSSLParameters();
                    wanted.setNeedClientAuth(true);
                    parameters.setSSLParameters(wanted);
                }
            };
        } catch (GeneralSecurityException e) {
            throw new IOException("--tls-dir " + folder + ": " + e.getMessage(), e);
        }
    }

    private static KeyManagerFactory keys(PrivateKey key, X509Certificate[] chain)
            throws GeneralSecurityException, IOException {
        KeyStore store = emptyStore();
        store.setKeyEntry("agent", key, NO_PASSWORD, chain);
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, NO_PASSWORD);
        return keys;
    }

    private static TrustManagerFactory trusted(X509Certificate[] authorities)
            throws GeneralSecurityException, IOException {
        KeyStore store = emptyStore();
        for (int index = 0; index < authorities.length; index++) {
            store.setCertificateEntry("authority-" + index, authorities[index]);
        }
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(store);
        return trusted;
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        return store;
    }

    /** The port that is served, also when 0 was asked for. */
    public int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        server.close();
    }
}
