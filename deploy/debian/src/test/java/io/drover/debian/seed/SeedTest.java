package io.drover.debian.seed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A seed's disk, as other programs see it. That a guest's kernel mounts it is shown in the lab. */
class SeedTest {
    private static final String KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH8 \"me\"@here";
    private static final String SCRIPT = "#!/bin/sh\necho hello\n";

    @TempDir
    private Path folder;

    private static Seed seed(String hostname, String key, Optional<String> hash) {
        return new Seed("i-1", hostname, List.of(key), hash, Optional.of(SCRIPT), Optional.empty());
    }

    @Test
    void blkidFindsItByItsLabel() throws Exception {
        Path image = Files.write(folder.resolve("seed"), seed("web-1", KEY, Optional.empty()).image());
        assertThat(run("blkid", "--probe", image.toString())).contains("LABEL=\"cidata\"", "TYPE=\"iso9660\"");
    }

    @Test
    void filesAreReadByTheirNames() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/isoinfo")), "install the package genisoimage");
        Path image = Files.write(folder.resolve("seed"), seed("web-1", KEY, Optional.of("$6$salt$hash")).image());
        assertThat(run("isoinfo", "-J", "-f", "-i", image.toString()).lines()).containsExactlyInAnyOrder("/meta-data",
                "/user-data", "/vendor-data");
        assertThat(run("isoinfo", "-f", "-i", image.toString()).lines()).containsExactlyInAnyOrder("/METADATA.;1",
                "/USERDATA.;1", "/VENDORDA.;1");
        assertThat(run("isoinfo", "-J", "-x", "/user-data", "-i", image.toString())).isEqualTo(SCRIPT);
        assertThat(run("isoinfo", "-J", "-x", "/meta-data", "-i", image.toString())).isEqualTo("""
                instance-id: "i-1"
                local-hostname: "web-1"
                public-keys:
                  - "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH8 \\"me\\"@here"
                """);
    }

    @Test
    void contentOfAnySizeBeginsOnItsOwnSector() {
        TreeMap<String, byte[]> files = new TreeMap<>();
        for (int bytes : List.of(0, 1, 2047, 2048, 2049)) {
            files.put("f" + bytes, "x".repeat(bytes).getBytes(StandardCharsets.US_ASCII));
        }
        byte[] image = new Iso9660("test", files).toBytes();
        // 16 sectors of the system's, 3 descriptors, 4 path tables, 2 folders; 0, 1, 1, 1 and 2 of the files.
        assertThat(image).hasSize((16 + 3 + 4 + 2 + 5) * 2048);
        assertThat(new Iso9660("test", files).toBytes()).isEqualTo(image);
    }

    @Test
    void namesThatAreNotToldApartAreRefused() {
        TreeMap<String, byte[]> files = new TreeMap<>();
        files.put("network-config", new byte[0]);
        files.put("network-conduct", new byte[0]);
        assertThatThrownBy(() -> new Iso9660("test", files)).hasMessageContaining("first 8 letters");
    }

    @Test
    void whatNoGuestCouldUseIsRefused() {
        assertThatThrownBy(() -> seed("no host", KEY, Optional.empty())).hasMessageContaining("host name : 'no host'");
        assertThatThrownBy(() -> seed("web", "-----BEGIN OPENSSH PRIVATE KEY-----", Optional.empty()))
                .hasMessageContaining("expected: a public key");
        assertThatThrownBy(() -> seed("web", KEY + "\nlocal-hostname: other", Optional.empty()))
                .hasMessageContaining("expected: a public key");
        assertThatThrownBy(() -> seed("web", KEY, Optional.of("secret"))).hasMessageContaining("openssl passwd -6");
    }

    private static String run(String... words) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }
}
