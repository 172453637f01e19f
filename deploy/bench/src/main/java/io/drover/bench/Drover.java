package io.drover.bench;

import io.drover.vmm.client.VmmCommand;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Our own VMM, as an agent would start it.
 *
 * @param distribution
 *            a folder with lib/ and aot/
 * @param folder
 *            of this machine, for its settings
 */
record Drover(Guest guest, Path distribution, Path folder) implements Contestant {
    private static final String VMM_JARS = "(drover-vmm|drover-proto|protobuf-java)-[0-9].*\\.jar";

    @Override
    public String name() {
        return "Drover";
    }

    @Override
    public List<String> command(String commandLine) throws IOException {
        Path settings = folder.resolve("vmm.pb");
        new VmmSettings("bench", "bench", 1, 1, (long) Guest.MEMORY_MEBIBYTES << 20, guest.kernel(),
                Optional.of(guest.initramfs()), commandLine, Place.RUN.resolve("control"), Place.CONSOLE, 0,
                Place.RUN.resolve("exit.pb"), false).withDevices(List.of(VmmDisk.raw(Place.DISK, "bench")), false)
                .withNics(List.of(VmmNic.tap("tap", Place.MAC, Place.TAP, 1))).write(settings);
        List<Path> classPath;
        try (Stream<Path> jars = Files.list(distribution.resolve("lib"))) {
            classPath = jars.filter(jar -> jar.getFileName().toString().matches(VMM_JARS)).sorted().toList();
        }
        VmmCommand command = VmmCommand.run(Path.of(System.getProperty("java.home")), classPath,
                Optional.of(distribution.resolve("aot/vmm.aot")), settings);
        List<String> words = new ArrayList<>(List.of("env"));
        command.environment().forEach((name, value) -> words.add(name + "=" + value));
        words.addAll(command.arguments());
        return words;
    }
}
