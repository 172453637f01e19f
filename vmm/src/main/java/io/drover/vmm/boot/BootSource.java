package io.drover.vmm.boot;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * What a machine is to boot.
 *
 * @param kernel
 *            a bzImage, or an ELF kernel with a PVH entry
 * @param commandLine
 *            the kernel's, without a NUL; may be empty
 */
public record BootSource(Path kernel, Optional<Path> initramfs, String commandLine) {
    public BootSource {
        Objects.requireNonNull(kernel);
        Objects.requireNonNull(initramfs);
        Objects.requireNonNull(commandLine);
    }
}
