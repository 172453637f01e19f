package io.drover.debian;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/** The loadable modules of a kernel package. Debian ships them as {@code .ko} (12) or {@code .ko.xz} (13). */
public final class KernelModules {
    private final DebianPackage kernel;
    private final Map<String, String> pathByName;

    public KernelModules(DebianPackage kernel) {
        this.kernel = kernel;
        this.pathByName = new HashMap<>();
        for (String path : kernel.files()) {
            String file = path.substring(path.lastIndexOf('/') + 1);
            if (file.endsWith(".ko") || file.endsWith(".ko.xz")) {
                pathByName.put(canonical(file.substring(0, file.indexOf(".ko"))), path);
            }
        }
    }

    /** File names use '-' and '_' as they like; the kernel's own names have '_' only. */
    private static String canonical(String name) {
        return name.replace('-', '_');
    }

    /**
     * The modules with all that they depend on, uncompressed, in an order in which they can be loaded one by one.
     *
     * @throws PackageException when the kernel has no such module
     */
    public SequencedMap<String, byte[]> withDependencies(Collection<String> names)
            throws IOException, InterruptedException {
        SequencedMap<String, byte[]> ordered = new LinkedHashMap<>();
        Set<String> entered = new HashSet<>();
        for (String name : names) {
            add(canonical(name), ordered, entered);
        }
        return ordered;
    }

    private void add(String name, SequencedMap<String, byte[]> ordered, Set<String> entered)
            throws IOException, InterruptedException {
        if (!entered.add(name)) {
            return;
        }
        String path = pathByName.get(name);
        if (path == null) {
            throw new PackageException("kernel " + kernel.name() + " " + kernel.version() + " has no module " + name);
        }
        byte[] module = read(kernel.file(path));
        for (String dependency : ModuleInfo.parse(path, module).depends()) {
            add(canonical(dependency), ordered, entered);
        }
        ordered.put(name, module);
    }

    private static byte[] read(Path file) throws IOException, InterruptedException {
        if (!file.toString().endsWith(".xz")) {
            return Files.readAllBytes(file);
        }
        // dpkg needs xz to unpack any package, so it is there wherever these modules are; the JDK has no xz.
        Process xz;
        try {
            xz = new ProcessBuilder(List.of("xz", "-dc", file.toString()))
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        } catch (IOException e) {
            throw new PackageException("xz cannot be run to unpack " + file + "; install the package xz-utils", e);
        }
        ByteArrayOutputStream module = new ByteArrayOutputStream();
        try {
            xz.getInputStream().transferTo(module);
            int exitCode = xz.waitFor();
            if (exitCode != 0) {
                throw new PackageException("kernel module " + file + " cannot be unpacked: xz ended with " + exitCode);
            }
        } finally {
            xz.destroyForcibly();
        }
        return module.toByteArray();
    }

    /** The modules that the kernel package has, by the kernel's own names. */
    public List<String> names() {
        List<String> names = new ArrayList<>(pathByName.keySet());
        names.sort(null);
        return names;
    }
}
