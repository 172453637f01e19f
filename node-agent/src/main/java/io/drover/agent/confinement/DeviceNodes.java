package io.drover.agent.confinement;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The devices that VMMs use, by nodes of the agent's own: anybody may open them, and nobody but the agent and those that
 * it gives them to can get at them. So a VMM's user needs no group, whatever the host's own nodes permit.
 */
final class DeviceNodes {
    /** What a VMM knows them by. */
    private static final Map<String, Path> DEVICES = Map.of("kvm", Path.of("/dev/kvm"), "tun", Path.of("/dev/net/tun"));

    private DeviceNodes() {}

    /** Those that this host has, themselves. */
    static Map<Path, Path> hosts() {
        Map<Path, Path> nodes = new LinkedHashMap<>();
        DEVICES.values().stream().sorted().filter(Files::exists).forEach(device -> nodes.put(device, device));
        return nodes;
    }

    /**
     * Makes nodes for those that this host has, anew each time: a device may have another number since.
     *
     * @param data the agent's folder, closed to others
     * @return by the path that a VMM knows
     */
    static Map<Path, Path> make(Path data) throws IOException, InterruptedException {
        Path folder = data.resolve("devices");
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        Map<Path, Path> nodes = new LinkedHashMap<>();
        for (Map.Entry<String, Path> device : DEVICES.entrySet()) {
            Path node = folder.resolve(device.getKey());
            Files.deleteIfExists(node);
            if (Files.exists(device.getValue())) {
                make(node, device.getValue());
                nodes.put(device.getValue(), node);
            }
        }
        return nodes;
    }

    private static void make(Path node, Path device) throws IOException, InterruptedException {
        // As in linux/kdev_t.h, new_encode_dev.
        long number = ((Number) Files.getAttribute(device, "unix:rdev")).longValue();
        long major = (number >> 8) & 0xFFF;
        long minor = (number & 0xFF) | ((number >> 12) & 0xFFF00);
        Process process = new ProcessBuilder("mknod", "-m", "666", node.toString(), "c", Long.toString(major),
                Long.toString(minor)).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new IOException("a node for " + device + " cannot be made: " + said);
        }
    }
}
