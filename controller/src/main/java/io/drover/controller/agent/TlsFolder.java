package io.drover.controller.agent;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

/** The folder that {@code --tls-dir} names: ca.pem, cert.pem and key.pem (PKCS#8). */
public record TlsFolder(Path folder) {
    public Path authorities() {
        return folder.resolve("ca.pem");
    }

    public Path certificate() {
        return folder.resolve("cert.pem");
    }

    public Path key() {
        return folder.resolve("key.pem");
    }

    /** What is wrong with the folder; empty when all files are there. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (Path file : List.of(authorities(), certificate(), key())) {
            if (!Files.isReadable(file)) {
                problems.add(
                        "--tls-dir : " + file + " cannot be read (expected: ca.pem, cert.pem and key.pem in PKCS#8)");
            }
        }
        return problems;
    }

    /** The certificates that may sign those of peers. */
    public List<X509Certificate> authority() throws IOException {
        try (InputStream in = Files.newInputStream(authorities())) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (CertificateException e) {
            throw new IOException(authorities() + " : not certificates in PEM", e);
        }
    }
}
