package io.drover.vmm.disk.bench;

import io.drover.vmm.client.VmmCommand;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@link DiskLoop}, under a VMM process's own JVM flags, against {@code qemu-img bench} on images of the same make and in the
 * same page cache; by turns, since the machine's speed wanders. Arguments: a folder with 1 GiB free, rounds.
 */
final class DiskSpeed {
    private static final long SIZE = 256L << 20;
    private static final int SMALL = 4096;
    /** Far from the last one, and over all of the disk before it comes round. */
    private static final long SCATTER = 20_011L * SMALL;
    private static final Pattern SECONDS = Pattern.compile("Run completed in ([0-9.]+) seconds");

    private final Path folder;
    private final int rounds;

    private DiskSpeed(Path folder, int rounds) {
        this.folder = folder;
        this.rounds = rounds;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        new DiskSpeed(Path.of(arguments[0]), Integer.parseInt(arguments[1])).run();
    }

    private void run() throws IOException, InterruptedException {
        for (String format : List.of("raw", "qcow2")) {
            compare(format, true, "read", 100_000, SMALL, SCATTER);
            compare(format, true, "write", 100_000, SMALL, SCATTER);
            compare(format, true, "read", 2_000, 1 << 20, 1 << 20);
            compare(format, false, "write", 8_000, SMALL, SCATTER);
        }
    }

    private void compare(String format, boolean full, String operation, int count, int bytes, long step)
            throws IOException, InterruptedException {
        List<Double> ours = new ArrayList<>();
        List<Double> qemus = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        Path image = folder.resolve("bench." + format);
        Path warm = folder.resolve("warm." + format);
        for (int round = 0; round < rounds; round++) {
            make(format, full, warm);
            make(format, full, image);
            ours.add(Double.parseDouble(output(loop(format, image, operation, count, bytes, step, warm))));
            make(format, full, image);
            qemus.add(qemu(format, image, operation, count, bytes, step));
            ratios.add(ours.getLast() / qemus.getLast());
        }
        System.out.printf("%s, %s, %s of %d: QEMU %.0f ns, ours %.0f ns, ratio %.2f%n", format, full ? "full" : "empty",
                operation, bytes, median(qemus), median(ours), median(ratios));
    }

    private void make(String format, boolean full, Path image) throws IOException, InterruptedException {
        Files.deleteIfExists(image);
        output(List.of("qemu-img", "create", "-q", "-f", format, image.toString(), Long.toString(SIZE)));
        if (full) {
            output(List.of("qemu-img", "bench", "-q", "-w", "-f", format, "-t", "writeback", "-c",
                    Long.toString(SIZE >> 20), "-s", "1M", image.toString()));
        }
    }

    private static double qemu(String format, Path image, String operation, int count, int bytes, long step)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("qemu-img", "bench", "-f", format, "-t", "writeback", "-d", "1",
                "-c", Integer.toString(count), "-s", Integer.toString(bytes), "-S", Long.toString(step)));
        if (operation.equals("write")) {
            command.addAll(List.of("-w", "--flush-interval=" + count));
        }
        command.add(image.toString());
        Matcher seconds = SECONDS.matcher(output(command));
        if (!seconds.find()) {
            throw new IOException("qemu-img bench told no time");
        }
        return Double.parseDouble(seconds.group(1)) * 1e9 / count;
    }

    private static List<String> loop(String format, Path image, String operation, int count, int bytes, long step,
            Path warm) {
        List<Path> classPath = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            classPath.add(Path.of(entry));
        }
        List<String> command = new ArrayList<>(VmmCommand
                .run(Path.of(System.getProperty("java.home")), classPath, Optional.empty(), Path.of("unused"))
                .arguments());
        command.removeLast();
        command.set(command.indexOf(VmmCommand.MAIN_CLASS), DiskLoop.class.getName());
        command.addAll(List.of(format, image.toString(), operation, Integer.toString(count), Integer.toString(bytes),
                Long.toString(step), warm.toString()));
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
            throw new IOException(command + " ended with " + process.exitValue());
        }
        return text;
    }
}
