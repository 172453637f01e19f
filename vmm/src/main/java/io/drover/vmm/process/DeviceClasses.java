package io.drover.vmm.process;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * The classes that a VM with disks and nics loads while its guest boots. In the AOT cache they cost a start next to nothing;
 * without it each is read from the jar, parsed and verified, which under an emulated CPU takes seconds.
 */
final class DeviceClasses {
    private static final String ROOT = "io/drover/vmm/";
    private static final List<String> PACKAGES = List.of("pci/", "virtio/", "disk/", "net/", "limit/", "linux/",
            "acpi/",
            "interrupt/", "memory/", "machine/", "client/");
    private static final String CLASS = ".class";

    private DeviceClasses() {}

    /**
     * Loads them all, and initializes none: the AOT cache keeps what was loaded.
     *
     * @throws IOException
     *             when the program is in no jar
     */
    static void load() throws IOException {
        try (JarFile jar = new JarFile(jar().toFile())) {
            for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                String name = entry.getName();
                if (name.endsWith(CLASS) && PACKAGES.stream().anyMatch(folder -> name.startsWith(ROOT + folder))
                        && !name.endsWith("package-info.class")) {
                    Class.forName(name.substring(0, name.length() - CLASS.length()).replace('/', '.'), false,
                            DeviceClasses.class.getClassLoader());
                }
            }
        } catch (ClassNotFoundException e) {
            throw new IOException("a class of the jar cannot be loaded", e);
        }
    }

    private static Path jar() throws IOException {
        try {
            return Path.of(DeviceClasses.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IOException("the program's own jar is not found", e);
        }
    }
}
