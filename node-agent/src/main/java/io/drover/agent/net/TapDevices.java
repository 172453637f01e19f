package io.drover.agent.net;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tap devices of an agent, made and removed by ip(8), which every Debian has. They outlive processes; their names follow from
 * the agent's folder, the VM and the nic, so that whoever comes later knows whose they are.
 */
final class TapDevices {
    private static final Logger log = LoggerFactory.getLogger(TapDevices.class);
    private static final Path DEVICES = Path.of("/sys/class/net");
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /** With the names, 15 characters in all: IFNAMSIZ of linux/if.h, less the zero at the end. */
    private static final int PREFIX_CHARS = 4;
    private static final int NAME_CHARS = 9;

    private final String prefix;

    private TapDevices(String prefix) {
        this.prefix = prefix;
    }

    /** Of the agent with this folder. */
    static TapDevices of(Path data) {
        return new TapDevices("dv" + shortHash(data.toAbsolutePath().normalize().toString(), PREFIX_CHARS));
    }

    private static String shortHash(String text, int chars) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return new java.math.BigInteger(1, hash).toString(Character.MAX_RADIX).substring(0, chars)
                    .toLowerCase(Locale.ROOT);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256 (java.security.MessageDigest)", e);
        }
    }

    /** The device of a VM's nic. */
    String name(String uid, String nic) {
        return prefix + shortHash(uid + "/" + nic, NAME_CHARS);
    }

    /** Those that are there. */
    List<String> all() {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> devices = Files.newDirectoryStream(DEVICES, prefix + "?????????")) {
            devices.forEach(device -> names.add(device.getFileName().toString()));
        } catch (IOException | DirectoryIteratorException e) {
            log.warn("the host's network devices cannot be listed", e);
        }
        return names;
    }

    /** Why none can be made here; empty when they can. */
    Optional<String> tryOne() throws InterruptedException {
        String device = prefix + "-trial";
        try {
            ip("tuntap", "add", "dev", device, "mode", "tap");
            remove(device);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(e.getMessage());
        }
    }

    /**
     * Makes one in a bridge, in place of any that is there under its name.
     *
     * @param several whether it is to have several queues
     * @param user who may open it
     * @param purpose for people who list the host's devices; without blanks
     */
    void make(String device, String bridge, boolean several, int mtuBytes, int user, String purpose)
            throws IOException, InterruptedException {
        remove(device);
        List<String> add = new ArrayList<>(List.of("tuntap", "add", "dev", device, "mode", "tap", "user",
                Integer.toString(user)));
        if (several) {
            add.add("multi_queue");
        }
        boolean made = false;
        try {
            ip(add.toArray(String[]::new));
            // Without an address of its own: what guests send is the bridge's matter, not this host's.
            ip("link", "set", "dev", device, "alias", purpose, "addrgenmode", "none", "mtu",
                    Integer.toString(mtuBytes), "master", bridge, "up");
            made = true;
        } finally {
            if (!made) {
                remove(device);
            }
        }
    }

    /** One that is not there is no error. */
    void remove(String device) throws IOException, InterruptedException {
        if (Files.exists(DEVICES.resolve(device))) {
            try {
                ip("link", "delete", "dev", device);
            } catch (IOException e) {
                if (Files.exists(DEVICES.resolve(device))) {
                    throw e;
                }
                log.debug("tap device {}: gone meanwhile", device, e);
            }
        }
    }

    private static void ip(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new IOException("ip(8) cannot be run: install the Debian package iproute2", e);
        }
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (!process.waitFor(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
            process.destroyForcibly();
            throw new IOException(String.join(" ", command) + ": no end within " + PATIENCE.toSeconds() + " s");
        }
        if (process.exitValue() != 0) {
            throw new IOException(String.join(" ", command) + ": " + said + (said.contains("not permitted")
                    ? " (the agent needs the right to administer networks: run it as root, or with CAP_NET_ADMIN)"
                    : ""));
        }
    }
}
