package io.drover.agent.driver.kvm;

import com.google.protobuf.Message;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.vmm.client.VmmCommand;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a VMM process is started from: the Java that runs the agent, the few jars that a VMM needs, and the cache that
 * makes it start faster, where there is one.
 */
public record VmmProgram(Path javaHome, List<Path> classPath, Optional<Path> aotCache) {
    public VmmProgram {
        classPath = List.copyOf(classPath);
    }

    /** The VMM of the agent's own installation, whose folder is the system property {@code drover.home}. */
    public static VmmProgram installed() {
        Optional<Path> cache = Optional.ofNullable(System.getProperty("drover.home"))
                .map(home -> Path.of(home, "aot", "vmm.aot"))
                .filter(Files::isReadable);
        return new VmmProgram(Path.of(System.getProperty("java.home")),
                List.of(jarOf(VmmCommand.class), jarOf(VmObservation.class), jarOf(Message.class)), cache);
    }

    private static Path jarOf(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("where " + type.getName() + " comes from is no file", e);
        }
    }

    /** All that a VMM is started from. */
    public List<Path> files() {
        List<Path> files = new ArrayList<>(classPath);
        files.add(javaHome);
        aotCache.ifPresent(files::add);
        return files;
    }

    /**
     * Runs one VM.
     *
     * @param filtered whether it gives up the system calls that it does not need
     */
    VmmCommand command(Path settings, boolean filtered) {
        VmmCommand command = VmmCommand.run(javaHome, classPath, aotCache, settings);
        return filtered ? command : command.unfiltered();
    }
}
