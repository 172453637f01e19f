package io.drover.vmm.bench;

import io.drover.vmm.client.VmmCommand;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * How fast the stream of a migration is, under a VMM process's own JVM flags, against a C program that sends the same memory over
 * the same kind of sockets: TCP on loopback. Each way is two processes; C and Java run by turns, since the machine's speed
 * wanders, and the median of the ratios of neighbours counts. Once against C that only sends, and once against C that computes
 * the same checksums. Arguments: rounds, MiB of memory, numbers of connections.
 */
final class StreamRate {
    private static final String PASSES = "4";

    private StreamRate() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        int rounds = Integer.parseInt(arguments[0]);
        String mib = arguments[1];
        Path folder = Files.createTempDirectory("stream-rate");
        Path source = folder.resolve("stream_rate.c");
        try (InputStream in = StreamRate.class.getResourceAsStream("stream_rate.c")) {
            Files.copy(in, source);
        }
        Path binary = folder.resolve("stream_rate");
        Process compiler = new ProcessBuilder("gcc", "-O2", "-msse4.2", "-pthread", "-o", binary.toString(),
                source.toString()).inheritIO().start();
        if (compiler.waitFor() != 0) {
            throw new IOException("gcc ended with " + compiler.exitValue());
        }
        for (int at = 2; at < arguments.length; at++) {
            compare(binary.toString(), rounds, arguments[at], mib);
        }
    }

    private static void compare(String c, int rounds, String connections, String mib)
            throws IOException, InterruptedException {
        List<Double> plain = new ArrayList<>();
        List<Double> checked = new ArrayList<>();
        List<Double> java = new ArrayList<>();
        List<Double> toPlain = new ArrayList<>();
        List<Double> toChecked = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            plain.add(rate(List.of(c, "receive", connections, mib, "0"), List.of(c, "send", connections, mib, "0")));
            java.add(rate(java("receive", connections, mib), java("send", connections, mib)));
            checked.add(rate(List.of(c, "receive", connections, mib, "1"), List.of(c, "send", connections, mib, "1")));
            toPlain.add(java.getLast() / plain.getLast());
            toChecked.add(java.getLast() / checked.getLast());
            System.out.printf("%s connections: C %.0f MiB/s, with checksums %.0f, Java %.0f%n", connections,
                    plain.getLast(), checked.getLast(), java.getLast());
        }
        System.out.printf(
                "%s connections, median of %d: C %.0f MiB/s, with checksums %.0f, Java %.0f; ratio %.3f, with checksums %.3f%n",
                connections, rounds, median(plain), median(checked), median(java), median(toPlain),
                median(toChecked));
    }

    /** MiB/s, the median of the passes. */
    private static double rate(List<String> receiver, List<String> sender) throws IOException, InterruptedException {
        Process receiving = new ProcessBuilder(receiver).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader said = new BufferedReader(
                new InputStreamReader(receiving.getInputStream(), StandardCharsets.US_ASCII))) {
            List<String> command = new ArrayList<>(sender);
            command.add(said.readLine());
            command.add(PASSES);
            Process sending = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            List<Double> rates = new ArrayList<>();
            for (String line : new String(sending.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip()
                    .split("\n", -1)) {
                rates.add(Double.parseDouble(line));
            }
            if (sending.waitFor() != 0 || receiving.waitFor() != 0) {
                throw new IOException("it ended with " + sending.exitValue() + " and " + receiving.exitValue());
            }
            return median(rates);
        }
    }

    private static List<String> java(String... end) {
        List<Path> classPath = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            classPath.add(Path.of(entry));
        }
        List<String> command = new ArrayList<>(VmmCommand
                .run(Path.of(System.getProperty("java.home")), classPath, Optional.empty(), Path.of("unused"))
                .arguments());
        command.removeLast();
        command.set(command.indexOf(VmmCommand.MAIN_CLASS), StreamLoop.class.getName());
        command.addAll(List.of(end));
        return command;
    }

    private static double median(List<Double> values) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }
}
