package io.drover.debian.seed;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What a new guest is told of itself, as a disk that the image's first boot reads, or cloud-init's data source NoCloud.
 *
 * @param instanceId    another for each guest: what it has done for one it does not do again
 * @param hostname      with or without a domain
 * @param sshKeys       lines of an authorized_keys file: who may log in
 * @param passwordHash  of root's password for the console, as of crypt(5)
 * @param userData      the user's script or #cloud-config
 * @param networkConfig as cloud-init wants it
 */
public record Seed(String instanceId, String hostname, List<String> sshKeys, Optional<String> passwordHash,
        Optional<String> userData, Optional<String> networkConfig) {
    private static final String LABEL = "cidata";
    private static final Pattern HOSTNAME = Pattern
            .compile(
                    "(?=.{1,64}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*");
    /** Options, which may come first, are a thing for files on the guest. */
    private static final Pattern KEY = Pattern
            .compile("(?:ssh-|ecdsa-|sk-)[!-~]+ [A-Za-z0-9+/]+=*(?: [^\\p{Cntrl}]*)?");
    private static final Pattern HASH = Pattern.compile("\\$[A-Za-z0-9]+\\$[./A-Za-z0-9$=,]+");

    /** @throws IllegalArgumentException naming what cannot be */
    public Seed {
        sshKeys = List.copyOf(sshKeys);
        if (instanceId.isEmpty() || !instanceId.matches("[A-Za-z0-9._-]+")) {
            throw new IllegalArgumentException("instance id : '" + instanceId + "' (expected: letters and digits)");
        }
        if (!HOSTNAME.matcher(hostname).matches()) {
            throw new IllegalArgumentException(
                    "host name : '" + hostname + "' (expected: 1 to 64 letters, digits, '-' and '.')");
        }
        for (String key : sshKeys) {
            if (!KEY.matcher(key).matches()) {
                throw new IllegalArgumentException(
                        "ssh key : '" + (key.length() > 40 ? key.substring(0, 40) + "…" : key)
                                + "' (expected: a public key, such as ssh-ed25519 AAAA… name)");
            }
        }
        passwordHash.filter(hash -> !HASH.matcher(hash).matches()).ifPresent(hash -> {
            throw new IllegalArgumentException("password hash : '" + hash
                    + "' (expected: such as $6$…, which `openssl passwd -6` prints)");
        });
    }

    /** The disk, whose size is a multiple of 2,048 bytes. The same seed gives the same bytes. */
    public byte[] image() {
        SequencedMap<String, byte[]> files = new TreeMap<>();
        put(files, "meta-data", metaData());
        passwordHash.ifPresent(hash -> put(files, "vendor-data", vendorData(hash)));
        // cloud-init takes a seed without user data for none.
        put(files, "user-data", userData.orElse(""));
        networkConfig.ifPresent(config -> put(files, "network-config", config));
        return new Iso9660(LABEL, files).toBytes();
    }

    private static void put(SequencedMap<String, byte[]> files, String name, String content) {
        files.put(name, content.getBytes(StandardCharsets.UTF_8));
    }

    private String metaData() {
        StringBuilder lines = new StringBuilder().append("instance-id: ").append(quoted(instanceId))
                .append("\nlocal-hostname: ").append(quoted(hostname)).append('\n');
        if (!sshKeys.isEmpty()) {
            lines.append("public-keys:\n");
            sshKeys.forEach(key -> lines.append("  - ").append(quoted(key)).append('\n'));
        }
        return lines.toString();
    }

    private static String vendorData(String hash) {
        return """
                #cloud-config
                chpasswd:
                  expire: false
                  users:
                    - name: root
                      password: %s
                      type: hash
                """.formatted(quoted(hash));
    }

    /** As YAML's double-quoted scalars; there are no control characters in what is quoted here. */
    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
