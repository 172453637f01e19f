package io.drover.debian.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program that reads a seed in a guest, run here on a folder. */
class FirstBootTest {
    @TempDir
    private Path folder;

    private Path root;
    private Path seed;
    private String said = "";

    @BeforeEach
    void makeFolders() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/perl")), "install the package perl-base");
        root = folder.resolve("root");
        seed = Files.createDirectories(folder.resolve("seed"));
        Files.createDirectories(root.resolve("etc/ssh"));
        try (InputStream in = FirstBootTest.class.getResourceAsStream("first-boot")) {
            Files.copy(in, folder.resolve("first-boot"));
        }
        meta("i-1");
    }

    private void meta(String instance) throws Exception {
        Files.writeString(seed.resolve("meta-data"), "instance-id: " + instance + """

                local-hostname: web-1.example.org
                public-keys:
                  - "ssh-ed25519 AAAA \\"me\\"@here"
                """);
    }

    private int boot(String... words) throws Exception {
        ProcessBuilder builder = new ProcessBuilder("perl", folder.resolve("first-boot").toString())
                .redirectErrorStream(true);
        builder.command().addAll(java.util.List.of(words));
        builder.environment().put("DROVER_ROOT", root.toString());
        Process process = builder.start();
        said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    private int seed() throws Exception {
        return boot("seed", seed.toString());
    }

    private int seed(String userData) throws Exception {
        Files.writeString(seed.resolve("user-data"), userData);
        return seed();
    }

    private String file(String path) throws Exception {
        return Files.readString(root.resolve(path));
    }

    @Test
    void hostNameAndKeysAreTheSeeds() throws Exception {
        assertThat(seed()).as(said).isZero();
        assertThat(file("etc/hostname")).isEqualTo("web-1\n");
        assertThat(file("etc/hosts")).contains("127.0.1.1 web-1.example.org web-1\n");
        assertThat(file("root/.ssh/authorized_keys")).isEqualTo("ssh-ed25519 AAAA \"me\"@here\n");
        assertThat(Files.getPosixFilePermissions(root.resolve("root/.ssh/authorized_keys"))).hasToString(
                "[OWNER_READ, OWNER_WRITE]");
    }

    @Test
    void instanceIsMadeOnce() throws Exception {
        seed();
        Files.writeString(root.resolve("etc/hostname"), "renamed\n");
        assertThat(seed()).isZero();
        assertThat(file("etc/hostname")).isEqualTo("renamed\n");
    }

    @Test
    void anotherInstanceGetsHostKeysOfItsOwn() throws Exception {
        seed();
        Path key = Files.writeString(root.resolve("etc/ssh/ssh_host_ed25519_key"), "of i-1");
        meta("i-2");
        assertThat(seed()).isZero();
        assertThat(key).doesNotExist();
        assertThat(file("root/.ssh/authorized_keys").lines()).hasSize(1);
    }

    @Test
    void scriptRunsOnceAndItsEndIsTold() throws Exception {
        seed("#!/bin/sh\necho one >> " + root + "/ran\nexit 3\n");
        assertThat(boot("user-data")).isEqualTo(1);
        assertThat(said).contains("user-data ended with 3");
        assertThat(boot("user-data")).isZero();
        assertThat(file("ran")).isEqualTo("one\n");
    }

    @Test
    void cloudConfigIsDone() throws Exception {
        assertThat(seed("""
                #cloud-config
                # What we want.
                hostname: db-1   # another name
                ssh_authorized_keys: [ssh-rsa BBBB you@there, 'ssh-rsa CCCC it''s']
                write_files:
                - path: /etc/motd
                  permissions: '0600'
                  content: |
                    Hello,
                      you: "there"

                    # no comment
                - path: /etc/empty
                  content: ""
                runcmd:
                  - echo "$0: done" > %1$s/told
                  - [sh, -c, 'echo "it''s $1" >> %1$s/told', x, "a b"]
                """.formatted(root))).as(said).isZero();
        assertThat(file("etc/hostname")).isEqualTo("db-1\n");
        assertThat(file("root/.ssh/authorized_keys").lines()).containsExactly("ssh-ed25519 AAAA \"me\"@here",
                "ssh-rsa BBBB you@there", "ssh-rsa CCCC it's");
        assertThat(file("etc/motd")).isEqualTo("Hello,\n  you: \"there\"\n\n# no comment\n");
        assertThat(file("etc/empty")).isEmpty();
        assertThat(boot("user-data")).as(said).isZero();
        assertThat(file("told").lines()).hasSize(2).last().isEqualTo("it's a b");
    }

    @Test
    void whatIsNotUnderstoodIsRefusedAsAWholeAndSaid() throws Exception {
        refuses("#cloud-config\nhostname: other\npackages: [nginx]\n", "'packages' is not understood");
        refuses("#cloud-config\nhostname: other\nwrite_files:\n  - content: x\n", "'path' is missing");
        refuses("#cloud-config\nhostname: other\nruncmd: &a [x]\n", "line 3: '&a [x]' is not understood");
        refuses("#cloud-config\nhostname: other\n\truncmd: [x]\n", "line 3: is indented by a tab");
        refuses("#cloud-config\nhostname: other\nhostname: again\n", "line 3: 'hostname' is there twice");
        refuses("#cloud-config\nhostname: other\nchpasswd: {users: []}\n", "line 3");
        refuses("""
                #cloud-config
                hostname: other
                chpasswd:
                  users:
                    - name: root
                      password: secret
                      type: text
                """, "expected: a hash");
        refuses("hostname: other\n", "expected: #! and a program, or #cloud-config");
    }

    private void refuses(String userData, String why) throws Exception {
        Files.deleteIfExists(root.resolve("var/lib/drover/instance-id"));
        assertThat(seed(userData)).as(userData).isEqualTo(1);
        assertThat(said).contains("user-data is refused, and nothing of it is done: ").contains(why);
        assertThat(file("etc/hostname")).as("what the rest of the seed says").isEqualTo("web-1\n");
    }

    @Test
    void seedWithoutInstanceIsRefused() throws Exception {
        Files.writeString(seed.resolve("meta-data"), "local-hostname: web-1\n");
        assertThat(seed()).isEqualTo(1);
        assertThat(said).contains("'instance-id' is missing");
        assertThat(root.resolve("etc/hostname")).doesNotExist();
    }

    @Test
    void networkThatTheImageDoesNotHaveIsRefused() throws Exception {
        Path network = seed.resolve("network-config");
        Files.writeString(network, "version: 2\nethernets:\n  all:\n    match:\n      name: en*\n    dhcp4: true\n");
        assertThat(seed()).as(said).isZero();
        Files.delete(root.resolve("var/lib/drover/instance-id"));
        Files.writeString(network, "version: 2\nethernets:\n  ens3:\n    addresses: [10.0.0.2/24]\n");
        assertThat(seed()).isEqualTo(1);
        assertThat(said).contains("network-config is refused", "'addresses' is not understood");
    }
}
