package io.drover.cli.ca;

import io.drover.cli.ca.CertificateAuthority.Identity;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Set;

/** Keys and certificates as PEM (RFC 7468). Keys are never readable by others, not even for a moment, and never overwritten. */
final class PemFiles {
    private static final Base64.Encoder BASE64 = Base64.getMimeEncoder(64, new byte[] {'\n'});

    private PemFiles() {}

    static void writeKey(Path file, PrivateKey key) throws IOException {
        write(file, pem("PRIVATE KEY", key.getEncoded()), "rw-------");
    }

    static void writeCertificate(Path file, X509Certificate certificate) throws IOException, GeneralSecurityException {
        write(file, pem("CERTIFICATE", certificate.getEncoded()), "rw-r--r--");
    }

    static Identity read(Path certificateFile, Path keyFile) throws IOException, GeneralSecurityException {
        try (InputStream in = Files.newInputStream(certificateFile)) {
            X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(in);
            String body = Files.readString(keyFile, StandardCharsets.US_ASCII).replaceAll("-----[A-Z ]+-----", "");
            byte[] encoded;
            try {
                encoded = Base64.getMimeDecoder().decode(body);
            } catch (IllegalArgumentException e) {
                throw new GeneralSecurityException(keyFile + " is no PEM file", e);
            }
            PrivateKey key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(encoded));
            return new Identity(key, certificate);
        }
    }

    private static String pem(String label, byte[] bytes) {
        return "-----BEGIN " + label + "-----\n" + BASE64.encodeToString(bytes) + "\n-----END " + label + "-----\n";
    }

    private static void write(Path file, String text, String permissions) throws IOException {
        Set<StandardOpenOption> created = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (SeekableByteChannel channel = Files.newByteChannel(file, created,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions)))) {
            channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
        } catch (FileAlreadyExistsException e) {
            throw new FileAlreadyExistsException(file.toString(), null, "exists already and is not overwritten");
        }
    }
}
