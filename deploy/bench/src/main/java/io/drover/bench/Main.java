package io.drover.bench;

import io.drover.debian.DebianPackages;
import io.drover.lab.HostSpec;
import io.drover.lab.Lab;
import io.drover.lab.LabHost;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code deploy/bench/devices}: measures our VMM beside QEMU and prints a table for each peer. */
@Command(name = "deploy/bench/devices", mixinStandardHelpOptions = true, description = {
        "Measures the devices of Drover's VMM beside QEMU's: the same guest with the same disk, in an emulated host,"
                + " by turns."})
public final class Main implements Callable<Integer> {
    private static final Duration HOST_BOOT = Duration.ofMinutes(5);
    private static final int HOST_MEBIBYTES = 4096;
    private static final Path COMPILER = Path.of("/usr/bin/gcc");

    @Option(names = "--distribution", required = true, hidden = true)
    private Path distribution;

    @Option(names = "--rounds", defaultValue = "5", description = "Of each VMM (${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "3",
            description = "Of each measurement in the guest (${DEFAULT-VALUE}).")
    private double seconds;

    @Option(names = "--phases", split = ",", defaultValue = "BOOT,DISK,NETWORK,MEMORY", description = {
            "What is measured (${DEFAULT-VALUE})."})
    private List<Metric.Phase> phases;

    @Option(names = "--machine", defaultValue = "MICROVM", description = {
            "QEMU's machine: ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE})."})
    private Qemu.Machine machine;

    @Option(names = "--vhost", description = "A second peer: QEMU with its nic served by the kernel's vhost-net.")
    private boolean vhost;

    @Option(names = "--count-instructions", description = {
            "The emulated host has one CPU, and its clock counts instructions: what is compared is the work that each VMM"
                    + " makes of the same task, whatever else this machine does meanwhile."})
    private boolean countInstructions;

    private Main() {}

    public static void main(String[] arguments) {
        CommandLine line = new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((exception, command, result) -> {
            if (exception instanceof IOException) {
                System.err.println("error: " + exception.getMessage());
                return command.getCommandSpec().exitCodeOnExecutionException();
            }
            throw exception;
        });
        System.exit(line.execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("drover-bench-");
        try {
            Path deviceBench = compile(folder);
            Guest guest = Guest.make(folder, deviceBench, resource("guest-rc"));
            Contestant ours = new Drover(guest, distribution.toAbsolutePath(), folder);
            List<Contestant> peers = new ArrayList<>(List.of(new Qemu(guest, machine, false)));
            if (vhost) {
                peers.add(new Qemu(guest, machine, true));
            }
            Lab lab = new Lab(folder.resolve("lab"), DebianPackages.defaultCache(), System.err::println);
            HostSpec spec = countInstructions
                    ? new HostSpec("h1", 1, 1, HOST_MEBIBYTES, List.of(), List.of(), HostSpec.Clock.INSTRUCTIONS)
                    : new HostSpec("h1", 1, 2, HOST_MEBIBYTES, List.of(), List.of());
            LabHost host = lab.up(List.of(spec), HOST_BOOT).getFirst();
            // A host outlives who started it, as by an interrupt.
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> end(lab)));
            try {
                Turns turns = Turns.prepare(host, folder, deviceBench, Set.copyOf(EnumSet.copyOf(phases)), seconds);
                for (Comparison comparison : turns.run(ours, peers, rounds)) {
                    System.out.println(comparison.table());
                }
            } finally {
                lab.down();
            }
        } finally {
            delete(folder);
        }
        return 0;
    }

    private static void end(Lab lab) {
        try {
            lab.down();
        } catch (IOException e) {
            System.err.println("error: the emulated host was not ended: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Path compile(Path folder) throws IOException, InterruptedException {
        if (!Files.isExecutable(COMPILER)) {
            throw new IOException("there is no " + COMPILER + ": apt-get install gcc libc6-dev");
        }
        Path source = Files.writeString(folder.resolve("device-bench.c"), resource("device-bench.c"));
        Path program = folder.resolve("device-bench");
        Process compiler = new ProcessBuilder(COMPILER.toString(), "-O2", "-static", "-o", program.toString(),
                source.toString()).inheritIO().start();
        if (compiler.waitFor() != 0) {
            throw new IOException(COMPILER + " ended with " + compiler.exitValue());
        }
        return program;
    }

    /** A script or source of the benchmark. */
    static String resource(String name) throws IOException {
        try (InputStream in = Main.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("resource " + name + " is missing from the build");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
