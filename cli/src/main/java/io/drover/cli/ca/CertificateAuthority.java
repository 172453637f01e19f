package io.drover.cli.ca;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Makes X.509 certificates (RFC 5280) for mutual TLS: keys on P-256, signed with ECDSA and SHA-256. */
final class CertificateAuthority {
    /** A key and the certificate for it. */
    record Identity(PrivateKey key, X509Certificate certificate) {}

    /** What a certificate is for. */
    record Subject(Role role, String name, List<String> dnsNames, List<String> addresses) {
        Subject {
            dnsNames = List.copyOf(dnsNames);
            addresses = List.copyOf(addresses);
        }
    }

    /** Clocks differ: a certificate made now is good on a machine that is a little behind. */
    private static final Duration BACKDATED = Duration.ofMinutes(10);
    private static final int SERIAL_BITS = 127;

    private final Identity authority;
    private final Clock clock;

    CertificateAuthority(Identity authority, Clock clock) {
        this.authority = authority;
        this.clock = clock;
    }

    static CertificateAuthority create(String name, Duration validity, Clock clock) throws GeneralSecurityException {
        KeyPair pair = keyPair();
        X500Name subject = name(name);
        try {
            X509v3CertificateBuilder builder = builder(subject, subject, pair, validity, clock);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            return new CertificateAuthority(new Identity(pair.getPrivate(), sign(builder, pair.getPrivate())), clock);
        } catch (IOException e) {
            throw new CertificateException("cannot encode the certificate of " + name, e);
        }
    }

    Identity authority() {
        return authority;
    }

    /** Never valid longer than the authority itself. */
    Identity issue(Subject subject, Duration validity) throws GeneralSecurityException {
        KeyPair pair = keyPair();
        Duration left = Duration.between(clock.instant(), authority.certificate().getNotAfter().toInstant());
        if (left.isNegative()) {
            throw new CertificateException(
                    "the authority's certificate ended at " + authority.certificate().getNotAfter().toInstant());
        }
        try {
            X509v3CertificateBuilder builder = builder(
                    X500Name.getInstance(authority.certificate().getSubjectX500Principal().getEncoded()),
                    name(subject.name()), pair, validity.compareTo(left) < 0 ? validity : left, clock);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            // A controller is a client of agents, and agents of a controller's image store.
            builder.addExtension(Extension.extendedKeyUsage, false,
                    new ExtendedKeyUsage(subject.role() == Role.CLIENT
                            ? new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth}
                            : new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
            builder.addExtension(Extension.subjectAlternativeName, false, alternativeNames(subject));
            builder.addExtension(Extension.authorityKeyIdentifier, false,
                    new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(authority.certificate()));
            return new Identity(pair.getPrivate(), sign(builder, authority.key()));
        } catch (IOException e) {
            throw new CertificateException("cannot encode the certificate of " + subject.name(), e);
        }
    }

    private static GeneralNames alternativeNames(Subject subject) {
        List<GeneralName> names = new ArrayList<>();
        names.add(new GeneralName(GeneralName.uniformResourceIdentifier, subject.role().uri(subject.name())));
        subject.dnsNames().forEach(name -> names.add(new GeneralName(GeneralName.dNSName, name)));
        subject.addresses().forEach(address -> names.add(new GeneralName(GeneralName.iPAddress, address)));
        return new GeneralNames(names.toArray(GeneralName[]::new));
    }

    private static X500Name name(String commonName) {
        return new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.O, "Drover").addRDN(BCStyle.CN, commonName).build();
    }

    private static KeyPair keyPair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    @SuppressWarnings("JavaUtilDate") // what BouncyCastle takes
    private static X509v3CertificateBuilder builder(X500Name issuer, X500Name subject, KeyPair pair, Duration validity,
            Clock clock)
            throws CertIOException, GeneralSecurityException {
        Instant now = clock.instant();
        X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(issuer,
                new BigInteger(SERIAL_BITS, new SecureRandom()).add(BigInteger.ONE), Date.from(now.minus(BACKDATED)),
                Date.from(now.plus(validity)), subject, pair.getPublic());
        builder.addExtension(Extension.subjectKeyIdentifier, false,
                new JcaX509ExtensionUtils().createSubjectKeyIdentifier(pair.getPublic()));
        return builder;
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key) throws CertificateException {
        try {
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
        } catch (OperatorCreationException e) {
            throw new CertificateException("cannot sign with the authority's key", e);
        }
    }
}
