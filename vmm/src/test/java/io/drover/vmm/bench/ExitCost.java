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
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What exits, kicks and interrupts cost under a VMM process's own JVM flags, against the same loops in C. The two run by turns,
 * since the machine's speed wanders; the median of the ratios of neighbours counts. An exit is measured with the VMM's filter of
 * system calls as well, against Java without it.
 *
 * <p>
 * Arguments: rounds; the {@link Loop}s, by default all.
 */
final class ExitCost {
    private static final String WARM_UP = "60000";
    private static final String TIMED = "150000";
    private static final double NANOS_PER_SECOND = 1e9;

    private final Path binary;
    private final int rounds;

    private ExitCost(Path binary, int rounds) {
        this.binary = binary;
        this.rounds = rounds;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        ExitCost cost = new ExitCost(compile(), Integer.parseInt(arguments[0]));
        List<Loop> loops = new ArrayList<>();
        for (int at = 1; at < arguments.length; at++) {
            loops.add(Loop.valueOf(arguments[at].toUpperCase(Locale.ROOT).replace('-', '_')));
        }
        for (Loop loop : loops.isEmpty() ? List.of(Loop.values()) : loops) {
            cost.measure(loop);
        }
    }

    private static Path compile() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("exit-cost");
        Path source = folder.resolve("kvm_loop.c");
        try (InputStream in = ExitCost.class.getResourceAsStream("kvm_loop.c")) {
            Files.copy(in, source);
        }
        Path binary = folder.resolve("kvm_loop");
        output(List.of("gcc", "-O2", "-pthread", "-o", binary.toString(), source.toString()));
        return binary;
    }

    private void measure(Loop loop) throws IOException, InterruptedException {
        List<Double> c = new ArrayList<>();
        List<Double> java = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        List<Double> filterRatios = new ArrayList<>();
        String code = HexFormat.of().formatHex(loop.code());
        for (int round = 0; round < rounds; round++) {
            c.add(nanos(List.of(binary.toString(), loop.word(), WARM_UP, TIMED, code)));
            java.add(nanos(javaCommand(loop, false)));
            ratios.add(java.getLast() / c.getLast());
            if (loop == Loop.EXIT) {
                filterRatios.add(nanos(javaCommand(loop, true)) / java.getLast());
            }
        }
        System.out.printf(Locale.ROOT,
                "%s, medians of %d: C %.0f ns (%,.0f a second), Java %.0f ns (%,.0f a second), ratio %.3f (%.3f to %.3f)%n",
                loop.word(), rounds, median(c), NANOS_PER_SECOND / median(c), median(java),
                NANOS_PER_SECOND / median(java), median(ratios), Collections.min(ratios), Collections.max(ratios));
        if (loop == Loop.EXIT) {
            System.out.printf(Locale.ROOT, "with the filter of system calls: %.3f of Java without (%.3f to %.3f)%n",
                    median(filterRatios), Collections.min(filterRatios), Collections.max(filterRatios));
        }
    }

    private static List<String> javaCommand(Loop loop, boolean filtered) {
        List<Path> classPath = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            classPath.add(Path.of(entry));
        }
        List<String> command = new ArrayList<>(VmmCommand
                .run(Path.of(System.getProperty("java.home")), classPath, Optional.empty(), Path.of("unused"))
                .arguments());
        command.removeLast();
        command.set(command.indexOf(VmmCommand.MAIN_CLASS), KvmLoop.class.getName());
        command.addAll(List.of(loop.word(), WARM_UP, TIMED));
        if (filtered) {
            command.add(KvmLoop.FILTERED);
        }
        return command;
    }

    private static double median(List<Double> values) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    private static double nanos(List<String> command) throws IOException, InterruptedException {
        return Double.parseDouble(output(command));
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
