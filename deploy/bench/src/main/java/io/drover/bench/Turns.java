package io.drover.bench;

import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** Runs VMMs by turns in an emulated host. */
final class Turns {
    private static final Duration LIMIT = Duration.ofMinutes(20);
    private static final int DISK_MEBIBYTES = 256;

    private final LabHost host;
    private final Path roundScript;
    private final Set<Metric.Phase> phases;
    private final double seconds;

    private Turns(LabHost host, Path roundScript, Set<Metric.Phase> phases, double seconds) {
        this.host = host;
        this.roundScript = roundScript;
        this.phases = phases;
        this.seconds = seconds;
    }

    /**
     * Makes the disk, the tap device and the guest's peer on the network.
     *
     * @param folder
     *            of this machine, for scripts
     * @param seconds
     *            of each measurement in the guest
     */
    static Turns prepare(LabHost host, Path folder, Path deviceBench, Set<Metric.Phase> phases, double seconds)
            throws IOException, InterruptedException {
        Path prepare = Files.writeString(folder.resolve("host-prepare"), Main.resource("host-prepare"));
        Path round = Files.writeString(folder.resolve("host-round"), Main.resource("host-round"));
        host.refresh();
        CommandResult prepared = host.run(LIMIT, "bash", prepare.toString(), Place.FOLDER.toString(),
                deviceBench.toString(), Integer.toString(DISK_MEBIBYTES));
        if (!prepared.succeeded()) {
            throw new IOException("the emulated host was not prepared: " + prepared);
        }
        return new Turns(host, round, phases, seconds);
    }

    /** Rounds of ours, each followed by one of every peer; a round before them that only fills caches. */
    List<Comparison> run(Contestant ours, List<Contestant> peers, int rounds) throws IOException, InterruptedException {
        List<Round> ofOurs = new ArrayList<>();
        List<List<Round>> ofPeers = new ArrayList<>();
        run(ours, Set.of(Metric.Phase.BOOT));
        for (Contestant peer : peers) {
            run(peer, Set.of(Metric.Phase.BOOT));
            ofPeers.add(new ArrayList<>());
        }
        for (int round = 0; round < rounds; round++) {
            ofOurs.add(run(ours, phases));
            for (int peer = 0; peer < peers.size(); peer++) {
                ofPeers.get(peer).add(run(peers.get(peer), phases));
            }
        }
        List<Comparison> comparisons = new ArrayList<>();
        for (int peer = 0; peer < peers.size(); peer++) {
            comparisons.add(new Comparison(peers.get(peer).name(), ofOurs, ofPeers.get(peer)));
        }
        return comparisons;
    }

    private Round run(Contestant contestant, Set<Metric.Phase> measured) throws IOException, InterruptedException {
        String commandLine = "console=ttyS0 panic=-1 quiet bench=" + measured.stream()
                .map(phase -> phase.name().toLowerCase(Locale.ROOT)).sorted().collect(Collectors.joining(","))
                + " bench_seconds=" + seconds;
        List<String> words = new ArrayList<>(List.of("bash", roundScript.toString(), Place.RUN.toString()));
        words.addAll(contestant.command(commandLine));
        // Our settings are a file of this machine, which the host would take for unchanging.
        host.refresh();
        CommandResult result = host.run(LIMIT, words.toArray(String[]::new));
        System.err.println(contestant.name() + ":\n" + result.output().indent(2));
        try {
            return Round.parse(result.output(), measured);
        } catch (IOException e) {
            throw new IOException(contestant.name() + ": " + e.getMessage() + "\n" + result.errors(), e);
        }
    }
}
