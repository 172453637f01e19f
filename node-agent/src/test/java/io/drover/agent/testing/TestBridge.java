package io.drover.agent.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A bridge of this machine, while it is open. */
public final class TestBridge implements AutoCloseable {
    public static final int MTU_BYTES = 1400;

    private static final Path DEVICES = Path.of("/sys/class/net");

    private final String name;

    private TestBridge(String name) {
        this.name = name;
    }

    /** Empty where this process may not make bridges and tap devices. */
    public static Optional<TestBridge> make() throws IOException, InterruptedException {
        String name = "dvt" + ProcessHandle.current().pid();
        if (!tryIp("link", "add", name, "type", "bridge")) {
            return Optional.empty();
        }
        TestBridge bridge = new TestBridge(name);
        // Set like this it stays, whatever the MTU of its ports.
        ip("link", "set", "dev", name, "mtu", Integer.toString(MTU_BYTES));
        if (tryIp("tuntap", "add", "dev", name + "-t", "mode", "tap")) {
            ip("tuntap", "del", "dev", name + "-t", "mode", "tap");
            return Optional.of(bridge);
        }
        bridge.close();
        return Optional.empty();
    }

    public String name() {
        return name;
    }

    /** The devices that are in it. */
    public List<String> ports() throws IOException {
        List<String> ports = new ArrayList<>();
        try (var entries = Files.newDirectoryStream(DEVICES.resolve(name).resolve("brif"))) {
            entries.forEach(entry -> ports.add(entry.getFileName().toString()));
        }
        return ports;
    }

    /** A fact of a device, as the kernel has it. */
    public static String fact(String device, String fact) throws IOException {
        return Files.readString(DEVICES.resolve(device).resolve(fact), StandardCharsets.US_ASCII).strip();
    }

    /** ip(8), which must succeed. */
    public static void ip(String... arguments) throws IOException, InterruptedException {
        if (!tryIp(arguments)) {
            throw new IOException("ip " + String.join(" ", arguments) + " failed");
        }
    }

    private static boolean tryIp(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        try {
            return new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (IOException notInstalled) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            ip("link", "delete", name);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted; the bridge " + name + " is left behind", e);
        }
    }
}
