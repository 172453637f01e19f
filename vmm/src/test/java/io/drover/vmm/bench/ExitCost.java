package io.drover.vmm.bench;

import io.drover.vmm.client.VmmCommand;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Nanoseconds per exit of {@link ExitLoop}, under a VMM process's own JVM flags, against the same loop in C. The two run by
 * turns, since the machine's speed wanders; the median of the ratios of neighbours counts. Argument: rounds.
 */
final class ExitCost {
    private static final String WARM_UP = "60000";
    private static final String TIMED = "150000";

    private ExitCost() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        int rounds = Integer.parseInt(arguments[0]);
        Path folder = Files.createTempDirectory("exit-cost");
        Path source = folder.resolve("exit_loop.c");
        try (InputStream in = ExitCost.class.getResourceAsStream("exit_loop.c")) {
            Files.copy(in, source);
        }
        Path binary = folder.resolve("exit_loop");
        output(List.of("gcc", "-O2", "-o", binary.toString(), source.toString()));

        List<Double> c = new ArrayList<>();
        List<Double> java = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            c.add(Double.parseDouble(output(List.of(binary.toString(), WARM_UP, TIMED))));
            java.add(Double.parseDouble(output(javaCommand())));
            ratios.add(java.getLast() / c.getLast());
            System.out.printf("C %.0f ns, Java %.0f ns%n", c.getLast(), java.getLast());
        }
        System.out.printf("median of %d: C %.0f ns, Java %.0f ns, ratio %.3f%n", rounds, median(c), median(java),
                median(ratios));
    }

    private static List<String> javaCommand() {
        List<Path> classPath = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            classPath.add(Path.of(entry));
        }
        List<String> command = new ArrayList<>(VmmCommand
                .run(Path.of(System.getProperty("java.home")), classPath, Optional.empty(), Path.of("unused"))
                .arguments());
        command.removeLast();
        command.set(command.indexOf(VmmCommand.MAIN_CLASS), ExitLoop.class.getName());
        command.add(WARM_UP);
        command.add(TIMED);
        return command;
    }

    private static double median(List<Double> values) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    private static String output(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        if (process.waitFor() != 0) {
            throw new IOException(command.getFirst() + " ended with " + process.exitValue());
        }
        return text;
    }
}
