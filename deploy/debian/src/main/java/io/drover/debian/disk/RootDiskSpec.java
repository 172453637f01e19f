package io.drover.debian.disk;

import io.drover.debian.PackageException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a root disk is to be.
 *
 * @param suite     a release of Debian by its code name
 * @param sizeBytes of the disk; a multiple of 1 MiB. Guests may be given larger disks: the file system grows with them
 * @param packages  besides those that every image has
 * @param mirror    where its packages come from, if not from where this machine's apt gets them
 */
public record RootDiskSpec(String suite, long sizeBytes, Kernel kernel, List<String> packages, Optional<String> mirror,
        Format format) {
    private static final long MEBIBYTE = 1L << 20;
    private static final long LEAST = 640 * MEBIBYTE;
    private static final long MOST = 8L << 40;
    private static final Pattern SUITE = Pattern.compile("[a-z][a-z0-9-]{0,31}");
    /** Debian Policy, 5.6.1; then a version or a release, as apt takes them. */
    private static final Pattern PACKAGE = Pattern.compile("[a-z0-9][a-z0-9+.-]+(?:[=/][A-Za-z0-9.+~:-]+)?");
    private static final Pattern MIRROR = Pattern.compile("(?:https?|file|copy)://?[!-~&&[^\"'\\\\$`]]+");

    /** Debian's kernels. */
    public enum Kernel {
        /** Small, for virtual machines. */
        CLOUD("linux-image-cloud-amd64"),
        /** With every driver. */
        STANDARD("linux-image-amd64");

        private final String packageName;

        Kernel(String packageName) {
            this.packageName = packageName;
        }

        String packageName() {
            return packageName;
        }
    }

    /** What the disk is kept as. */
    public enum Format {
        /** Compressed by zstd. */
        QCOW2("qcow2"),
        /** A sparse file. */
        RAW("raw");

        private final String extension;

        Format(String extension) {
            this.extension = extension;
        }

        String extension() {
            return extension;
        }
    }

    /** @throws IllegalArgumentException naming what cannot be */
    public RootDiskSpec {
        packages = List.copyOf(packages);
        if (!SUITE.matcher(suite).matches()) {
            throw new IllegalArgumentException("suite : '" + suite + "' (expected: a code name, such as bookworm)");
        }
        if (sizeBytes < LEAST || sizeBytes > MOST || sizeBytes % MEBIBYTE != 0) {
            throw new IllegalArgumentException(
                    "size : " + sizeBytes + " (expected: 640M to 8T, a multiple of 1M)");
        }
        for (String name : packages) {
            if (!PACKAGE.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "package : '" + name + "' (expected: a package's name, such as fio)");
            }
        }
        mirror.filter(address -> !MIRROR.matcher(address).matches()).ifPresent(address -> {
            throw new IllegalArgumentException(
                    "mirror : '" + address + "' (expected: an address, such as https://deb.debian.org/debian)");
        });
    }

    /** As given, or the reason why it cannot be, as a message for the user. */
    public static RootDiskSpec of(String suite, long sizeBytes, Kernel kernel, List<String> packages,
            Optional<String> mirror, Format format) throws PackageException {
        try {
            return new RootDiskSpec(suite, sizeBytes, kernel, packages, mirror, format);
        } catch (IllegalArgumentException e) {
            throw new PackageException(e.getMessage(), e);
        }
    }
}
