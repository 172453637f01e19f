package io.drover.agent.driver.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The QEMU that is installed on this host.
 *
 * @param file its program
 * @param version as it says itself, its first line
 */
record QemuProgram(Path file, String version) {
    static final String NAME = "qemu-system-x86_64";

    /** The program with {@code name}, which is looked for in {@code path} unless it has a '/'. */
    static Optional<Path> find(String name, String path) {
        if (name.contains("/")) {
            return Optional.of(Path.of(name)).filter(Files::isExecutable);
        }
        return List.of(path.split(":", -1)).stream().filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, name))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file)).findFirst();
    }

    /**
     * Asks the program for its version.
     *
     * @throws IOException when it does not run or says nothing that a QEMU says
     */
    static QemuProgram of(Path file) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(file.toString(), "--version").redirectErrorStream(true).start();
        process.getOutputStream().close();
        byte[] said;
        try (InputStream output = process.getInputStream()) {
            said = output.readNBytes(4096);
        }
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException(file + " --version : no end within 20 s");
        }
        String first = new String(said, StandardCharsets.UTF_8).lines().findFirst().orElse("");
        if (process.exitValue() != 0 || !first.startsWith("QEMU emulator version")) {
            throw new IOException(file + " --version : exit status " + process.exitValue() + ", said: " + first);
        }
        return new QemuProgram(file, first);
    }
}
