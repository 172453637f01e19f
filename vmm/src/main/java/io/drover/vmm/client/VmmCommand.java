package io.drover.vmm.client;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a VMM process is started: its arguments and what its environment must hold. The JVM's flags are those that were measured
 * to give the smallest process and the fastest start (docs/performance.md).
 *
 * @param arguments
 *            the program first
 * @param environment
 *            to add to the caller's own
 */
public record VmmCommand(List<String> arguments, Map<String, String> environment) {
    /** The class whose main is the VMM process. */
    public static final String MAIN_CLASS = "io.drover.vmm.process.Main";
    /** Its argument that leaves the process all system calls. */
    public static final String UNFILTERED = "--unfiltered";

    public VmmCommand {
        arguments = List.copyOf(arguments);
        environment = Map.copyOf(environment);
    }

    /**
     * Runs one VM.
     *
     * @param javaHome
     *            of a JDK or JRE 25
     * @param classPath
     *            jars: drover-vmm, drover-proto and protobuf-java; in the same order as the cache was made with
     * @param aotCache
     *            made by {@link #training}; one that does not fit the JVM or the class path is ignored by the JVM with a warning
     * @param settings
     *            written by {@link VmmSettings#write}
     */
    public static VmmCommand run(Path javaHome, List<Path> classPath, Optional<Path> aotCache, Path settings) {
        List<String> arguments = virtualMachine(javaHome, classPath);
        if (aotCache.isPresent()) {
            arguments.add("-XX:AOTCache=" + aotCache.get());
        }
        arguments.add(MAIN_CLASS);
        arguments.add(settings.toString());
        return new VmmCommand(arguments, environmentOfAll());
    }

    /** Makes the cache that lets later processes start faster and smaller; works without a {@code /dev/kvm}, better with one. */
    public static VmmCommand training(Path javaHome, List<Path> classPath, Path aotCache) {
        List<String> arguments = virtualMachine(javaHome, classPath);
        arguments.add("-XX:AOTCacheOutput=" + aotCache);
        arguments.add(MAIN_CLASS);
        arguments.add("--train");
        return new VmmCommand(arguments, environmentOfAll());
    }

    /** The same for a process that keeps all system calls, as those need it who trace it or attach to it. */
    public VmmCommand unfiltered() {
        List<String> all = new ArrayList<>(arguments);
        all.add(all.indexOf(MAIN_CLASS) + 1, UNFILTERED);
        return new VmmCommand(all, environment);
    }

    /** A process that is not started yet, its streams not redirected. */
    public ProcessBuilder toProcessBuilder() {
        ProcessBuilder builder = new ProcessBuilder(arguments);
        builder.environment().putAll(environment);
        return builder;
    }

    private static List<String> virtualMachine(Path javaHome, List<Path> classPath) {
        StringBuilder path = new StringBuilder();
        for (Path entry : classPath) {
            if (!path.isEmpty()) {
                path.append(File.pathSeparatorChar);
            }
            path.append(entry);
        }
        List<String> arguments = new ArrayList<>();
        arguments.add(javaHome.resolve("bin").resolve("java").toString());
        arguments.add("-XX:+UseSerialGC");
        arguments.add("-Xms4m");
        arguments.add("-Xmx32m");
        arguments.add("-Xss256k");
        arguments.add("-XX:TieredStopAtLevel=1");
        arguments.add("-XX:CICompilerCount=1");
        arguments.add("-XX:ReservedCodeCacheSize=8m");
        arguments.add("-XX:-UsePerfData");
        // Gives back, once the start is over, what the JVM took for it: 6 MiB. In milliseconds.
        arguments.add("-XX:TrimNativeHeapInterval=10000");
        arguments.add("-XX:+UnlockDiagnosticVMOptions");
        arguments.add("-XX:ArchiveRelocationMode=0");
        // Of JDK 25's cache only its classes: the machine code in it is for the CPU that made it, and nothing checks that this
        // one has the same features. On a CPU without AVX the first vzeroupper of a cached adapter killed the JVM.
        arguments.add("-XX:-AOTAdapterCaching");
        arguments.add("-XX:-AOTStubCaching");
        // What the JVM itself has to say goes where the VMM's own log goes.
        arguments.add("-Xlog:disable");
        arguments.add("-Xlog:all=warning:stderr");
        arguments.add("--enable-native-access=ALL-UNNAMED");
        arguments.add("-cp");
        arguments.add(path.toString());
        return arguments;
    }

    private static Map<String, String> environmentOfAll() {
        // Each further malloc arena costs a thread's worth of private memory.
        return Map.of("MALLOC_ARENA_MAX", "1");
    }
}
