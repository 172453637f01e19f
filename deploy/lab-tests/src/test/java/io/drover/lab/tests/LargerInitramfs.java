package io.drover.lab.tests;

import io.drover.debian.CpioArchive;
import io.drover.debian.DebianPackage;
import io.drover.debian.DemoImage;
import io.drover.debian.KernelModules;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The demo's initramfs with more in it. The kernel unpacks one archive behind the other, and a later file takes an earlier one's
 * place.
 */
final class LargerInitramfs {
    /** What the demo's init, or a script in its place, loads. */
    static final String MODULES_LOADED = "etc/modules";

    private final DemoImage image;
    private final CpioArchive more = new CpioArchive();
    private final Set<String> modules = new HashSet<>();

    LargerInitramfs(DemoImage image) {
        this.image = image;
    }

    /**
     * Adds modules and what they need, as far as they are not there yet.
     *
     * @param list
     *            a file of their names, in the order in which they can be loaded
     */
    LargerInitramfs modules(DebianPackage kernel, List<String> names, String list)
            throws IOException, InterruptedException {
        StringBuilder order = new StringBuilder();
        for (Map.Entry<String, byte[]> module : new KernelModules(kernel).withDependencies(names).entrySet()) {
            if (modules.add(module.getKey())) {
                more.file("lib/modules/" + module.getKey() + ".ko", 0644, module.getValue());
            }
            order.append(module.getKey()).append('\n');
        }
        more.file(list, 0644, order.toString());
        return this;
    }

    /** Adds a program that is a resource of the tests. */
    LargerInitramfs program(String path, String resource) throws IOException {
        try (InputStream in = LargerInitramfs.class.getResourceAsStream(resource)) {
            more.file(path, 0755, in.readAllBytes());
        }
        return this;
    }

    /** Adds a program. */
    LargerInitramfs file(String path, byte[] program) {
        more.file(path, 0755, program);
        return this;
    }

    Path write(Path file) throws IOException {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.write(Files.readAllBytes(image.initramfs()));
        more.writeTo(both);
        return Files.write(file, both.toByteArray());
    }
}
