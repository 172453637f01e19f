package io.drover.controller.agent;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** What a certificate allows its holder to be: a URI such as {@code drover://agent/h1} among its names. */
public final class Roles {
    /** GeneralName, RFC 5280 4.2.1.6. */
    private static final int URI = 6;

    private Roles() {}

    public static Optional<String> of(X509Certificate certificate) throws CertificateParsingException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        return names == null
                ? Optional.empty()
                : names.stream().filter(name -> name.get(0).equals(URI)).map(name -> (String) name.get(1))
                        .filter(name -> name.startsWith("drover://")).findFirst();
    }
}
