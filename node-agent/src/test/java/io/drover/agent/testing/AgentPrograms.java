package io.drover.agent.testing;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What runs agents in processes of their own. Most of what one computes until it serves is to load classes; so these are put
 * into an archive, by an agent that serves once and ends, before the first test.
 */
final class AgentPrograms {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final AgentPrograms INSTANCE = make();

    private final String classPath;
    private final Path archive;

    private AgentPrograms(String classPath, Path archive) {
        this.classPath = classPath;
        this.archive = archive;
    }

    /** The only one of this process; made when it is asked for first. */
    static AgentPrograms get() {
        return INSTANCE;
    }

    /** A command line up to the main class. Java does without the archive where it cannot be used. */
    List<String> java() {
        return java("-XX:SharedArchiveFile=");
    }

    private List<String> java(String archiveOption) {
        return List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xlog:cds=off", "-Xlog:cds+dynamic=off", "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED", archiveOption + archive, "-cp", classPath);
    }

    private static AgentPrograms make() {
        try {
            Path folder = Files.createTempDirectory("drover-agent-classes-");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
            List<String> entries = new ArrayList<>();
            for (String entry : Pattern.compile(File.pathSeparator).split(System.getProperty("java.class.path"), -1)) {
                // An archive knows classes from jars only.
                entries.add(Files.isDirectory(Path.of(entry)) ? jar(Path.of(entry), folder).toString() : entry);
            }
            AgentPrograms programs = new AgentPrograms(String.join(File.pathSeparator, entries),
                    folder.resolve("classes.jsa"));
            programs.train();
            return programs;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path jar(Path classes, Path folder) throws IOException {
        Path jar = Files.createTempFile(folder, "classes", ".jar");
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out);
                Stream<Path> files = Files.walk(classes)) {
            entries.setLevel(0);
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                entries.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                Files.copy(file, entries);
                entries.closeEntry();
            }
        }
        return jar;
    }

    /** With none of the options that tests give, as classes are what counts. */
    private void train() throws IOException {
        Path folder = archive.getParent();
        Path ready = folder.resolve("ready");
        Path log = folder.resolve("log");
        try (Cluster cluster = new Cluster()) {
            List<String> line = new ArrayList<>(java("-XX:ArchiveClassesAtExit="));
            line.addAll(List.of("io.drover.agent.Main", "--ready-file", ready.toString(), "--host", "trained",
                    "--zookeeper", cluster.connectString(), "--data", folder.resolve("data").toString(), "--driver",
                    "qemu", "--reserve-memory", "0"));
            Process process = new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile()).start();
            try {
                Cluster.await("the agent serves", () -> Files.exists(ready) || !process.isAlive());
                process.destroy();
                if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || !Files.exists(archive)) {
                    throw new IOException("no archive of classes was made: " + Files.readString(log));
                }
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("no archive of classes was made", e);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
