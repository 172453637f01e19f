package io.drover.demo;

import io.drover.debian.disk.RootDiskBuild;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Debian packages that the demo needs: installed when we may, else the way to get them is told. */
final class MissingPackages {
    private static final List<String> QEMU = List.of("qemu-system-x86");
    private static final String PASST = "passt";
    private static final long MINUTES = 10;

    private final Narrator narrator;

    MissingPackages(Narrator narrator) {
        this.narrator = narrator;
    }

    /** What makes a disk of Debian's packages, and a network for its guest. */
    void installTools() throws DemoFailure, IOException, InterruptedException {
        List<String> missing = new ArrayList<>(RootDiskBuild.missingPackages());
        if (Stream.of(System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(":", -1))
                .noneMatch(folder -> Files.isExecutable(Path.of(folder, PASST)))) {
            missing.add(PASST);
        }
        if (!missing.isEmpty()) {
            install(missing, "the demo needs packages that are not installed: " + String.join(", ", missing));
        }
    }

    /**
     * QEMU for machines without a usable KVM.
     *
     * @param reasons why no driver works so far
     */
    void installQemu(String reasons) throws DemoFailure, IOException, InterruptedException {
        install(QEMU, "no driver works here: " + reasons);
    }

    private void install(List<String> packages, String why) throws DemoFailure, IOException, InterruptedException {
        String names = String.join(" ", packages);
        if (!System.getProperty("user.name", "").equals("root") || !Files.isExecutable(Path.of("/usr/bin/apt-get"))) {
            throw new DemoFailure(why, "sudo apt-get install --no-install-recommends " + names + ", then try again");
        }
        narrator.step("installs Debian packages: apt-get install " + names);
        narrator.detail(why);
        apt(names, "update");
        List<String> arguments = new ArrayList<>(List.of("install", "--yes", "--no-install-recommends"));
        arguments.addAll(packages);
        apt(names, arguments.toArray(String[]::new));
    }

    private static void apt(String names, String... arguments) throws DemoFailure, IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("apt-get", "-q"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            List<String> lines = output.lines().toList();
            throw new DemoFailure(String.join(" ", command) + " failed:\n"
                    + String.join("\n", lines.subList(Math.max(0, lines.size() - 8), lines.size())),
                    "mend the package sources, or install by hand: " + names);
        }
    }
}
