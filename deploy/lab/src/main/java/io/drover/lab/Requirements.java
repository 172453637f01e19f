package io.drover.lab;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The programs that the lab runs, and the Debian packages that have them. */
public final class Requirements {
    private static final Map<String, String> PACKAGE_BY_PROGRAM = new LinkedHashMap<>();
    static {
        PACKAGE_BY_PROGRAM.put(QemuCommand.PROGRAM, "qemu-system-x86");
        PACKAGE_BY_PROGRAM.put("apt-get", "apt");
        PACKAGE_BY_PROGRAM.put("dpkg-deb", "dpkg");
        PACKAGE_BY_PROGRAM.put("setsid", "util-linux");
    }

    private Requirements() {}

    /** The packages to install before the lab can be used on this machine; empty when it has all. */
    public static List<String> missingPackages() {
        List<String> missing = new ArrayList<>();
        PACKAGE_BY_PROGRAM.forEach((program, debianPackage) -> {
            if (!isInstalled(program)) {
                missing.add(debianPackage);
            }
        });
        return missing;
    }

    private static boolean isInstalled(String program) {
        String path = System.getenv().getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin");
        for (String folder : path.split(":", -1)) {
            if (Files.isExecutable(Path.of(folder).resolve(program))) {
                return true;
            }
        }
        return false;
    }

    static void check() throws LabException {
        List<String> missing = missingPackages();
        if (!missing.isEmpty()) {
            throw new LabException("the lab needs packages that are not installed: run 'sudo apt-get install "
                    + String.join(" ", missing) + "'");
        }
    }
}
