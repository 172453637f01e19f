package io.drover.lab.tests;

import io.drover.lab.ShellScript;
import io.drover.vmm.client.VmmCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The VMM of the distribution, as an agent would start it. */
final class VmmProgram {
    private VmmProgram() {}

    /** The words of the command. */
    static List<String> command(Path settings) throws IOException, InterruptedException {
        List<Path> classPath = new ArrayList<>();
        try (Stream<Path> jars = Files.list(Distribution.home().resolve("lib"))) {
            jars.filter(jar -> jar.getFileName().toString()
                    .matches("(drover-vmm|drover-proto|protobuf-java)-[0-9].*\\.jar"))
                    .sorted().forEach(classPath::add);
        }
        VmmCommand command = VmmCommand.run(Path.of(System.getProperty("java.home")), classPath,
                Optional.of(Distribution.vmmCache()), settings);
        List<String> words = new ArrayList<>(List.of("env"));
        command.environment().forEach((name, value) -> words.add(name + "=" + value));
        words.addAll(command.arguments());
        return words;
    }

    /** As a command within a shell script. */
    static String shell(Path settings) throws IOException, InterruptedException {
        return ShellScript.of(command(settings)).text().replaceFirst("^exec ", "").strip();
    }
}
