package io.drover.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** QEMU for machines without a usable KVM: installed when we may, else the way to get it is told. */
final class QemuPackage {
    private static final String NAME = "qemu-system-x86";
    private static final long MINUTES = 10;

    private QemuPackage() {}

    /** @param reasons why no driver works so far */
    static void install(Narrator narrator, String reasons) throws DemoFailure, IOException, InterruptedException {
        String byHand = "apt-get install --no-install-recommends " + NAME + ", then try again";
        if (!System.getProperty("user.name", "").equals("root") || !Files.isExecutable(Path.of("/usr/bin/apt-get"))) {
            throw new DemoFailure("no driver works here: " + reasons, byHand);
        }
        narrator.step("installs QEMU, as no driver works here: apt-get install " + NAME);
        narrator.detail(reasons);
        apt("update");
        apt("install", "--yes", "--no-install-recommends", NAME);
    }

    private static void apt(String... arguments) throws DemoFailure, IOException, InterruptedException {
        List<String> command = new java.util.ArrayList<>(List.of("apt-get", "-q"));
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
                    "mend the package sources, or install " + NAME + " by hand");
        }
    }
}
