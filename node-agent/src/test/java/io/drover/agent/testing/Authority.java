package io.drover.agent.testing;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;

/** A certificate authority of a test. */
public final class Authority {
    private final X500Name name;
    private final KeyPair keys;
    private final X509CertificateHolder certificate;
    private long serial = 1;

    public Authority(String commonName) throws Exception {
        name = new X500Name("CN=" + commonName);
        keys = keyPair();
        JcaX509v3CertificateBuilder builder = builder(name, keys);
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        certificate = sign(builder);
    }

    private static KeyPair keyPair() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        return generator.generateKeyPair();
    }

    private JcaX509v3CertificateBuilder builder(X500Name subject, KeyPair subjectKeys) {
        Instant now = Instant.now();
        return new JcaX509v3CertificateBuilder(name, BigInteger.valueOf(serial++),
                Date.from(now.minus(Duration.ofHours(1))),
                Date.from(now.plus(Duration.ofHours(1))), subject, subjectKeys.getPublic());
    }

    private X509CertificateHolder sign(JcaX509v3CertificateBuilder builder) throws Exception {
        return builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()));
    }

    /** Writes ca.pem, cert.pem and key.pem for somebody with a role, and returns the folder. */
    public Path issue(Path folder, String role) throws Exception {
        Files.createDirectories(folder);
        KeyPair own = keyPair();
        JcaX509v3CertificateBuilder builder = builder(new X500Name("CN=somebody"), own);
        builder.addExtension(Extension.subjectAlternativeName, false,
                new GeneralNames(new GeneralName[] {new GeneralName(GeneralName.uniformResourceIdentifier, role),
                        new GeneralName(GeneralName.iPAddress, "127.0.0.1")}));
        Files.writeString(folder.resolve("ca.pem"), pem("CERTIFICATE", certificate.getEncoded()));
        Files.writeString(folder.resolve("cert.pem"), pem("CERTIFICATE", sign(builder).getEncoded()));
        Files.writeString(folder.resolve("key.pem"), pem("PRIVATE KEY", own.getPrivate().getEncoded()));
        return folder;
    }

    private static String pem(String type, byte[] bytes) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(new PemObject(type, bytes));
        }
        return text.toString();
    }
}
