package io.drover.vmm.disk.qcow2;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** The {@code qemu-img} and {@code qemu-io} of Debian's qemu-utils: whom our images must please, and who makes ours to read. */
public final class QemuImg {
    private QemuImg() {}

    /** How a program ended, and all it said. */
    public record Outcome(int exitCode, String output) {}

    /** Skips the test where there is none; `verify` installs it. */
    public static void assumeInstalled() {
        boolean installed = List.of("/usr/bin", "/usr/local/bin").stream()
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, "qemu-img"))
                        && Files.isExecutable(Path.of(folder, "qemu-io")));
        Assumptions.assumeTrue(installed, "qemu-img and qemu-io are not installed: apt-get install qemu-utils");
    }

    /** Runs qemu-img, whatever comes of it. */
    public static Outcome run(Object... arguments) throws IOException {
        return runProgram("qemu-img", arguments);
    }

    /** Runs qemu-img, which must say that all went well. */
    public static String image(Object... arguments) throws IOException {
        Outcome outcome = run(arguments);
        if (outcome.exitCode() != 0) {
            throw new IOException("qemu-img " + List.of(arguments) + " ended with " + outcome);
        }
        return outcome.output();
    }

    /** Runs one or more commands of qemu-io on an image. */
    public static Outcome io(Path image, String format, String... commands) throws IOException {
        List<Object> arguments = new ArrayList<>(List.of("-f", format));
        for (String command : commands) {
            arguments.add("-c");
            arguments.add(command);
        }
        arguments.add(image);
        return runProgram("qemu-io", arguments.toArray());
    }

    /** What `qemu-img check` says of an image: 0 clean, 2 corrupt, 3 with leaked clusters. */
    public static Outcome check(Path image) throws IOException {
        return run("check", "-f", "qcow2", image);
    }

    private static Outcome runProgram(String program, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(program));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            return new Outcome(process.waitFor(), output);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
