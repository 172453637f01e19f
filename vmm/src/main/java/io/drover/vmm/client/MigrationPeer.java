package io.drover.vmm.client;

import java.io.IOException;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSession;

/**
 * Who the host at the other end of a migration must be, and how to find out: mutual TLS by certificates of the cluster's
 * authority.
 *
 * @param context
 *            with this host's key, and the authority that it trusts
 * @param identity
 *            a URI that must be among the names in the peer's certificate: {@code drover://agent/h2}
 */
public record MigrationPeer(SSLContext context, String identity) {
    /** {@code uniformResourceIdentifier} (RFC 5280, 4.2.1.6). */
    private static final int URI = 6;

    public MigrationPeer {
        Objects.requireNonNull(context, "context");
        Objects.requireNonNull(identity, "identity");
    }

    /** Refuses everybody else. */
    void check(SSLSession session) throws IOException {
        Optional<Collection<List<?>>> names = Optional.empty();
        for (Certificate certificate : session.getPeerCertificates()) {
            // The first is the peer's own.
            try {
                names = Optional.ofNullable(((X509Certificate) certificate).getSubjectAlternativeNames());
            } catch (CertificateParsingException e) {
                throw new IOException("the peer's certificate cannot be read: " + e.getMessage(), e);
            }
            break;
        }
        for (List<?> name : names.orElse(List.of())) {
            if (name.get(0).equals(URI) && name.get(1).equals(identity)) {
                return;
            }
        }
        throw new IOException("the peer's certificate is for " + names.orElse(List.of()) + " (expected: " + identity
                + ")");
    }
}
