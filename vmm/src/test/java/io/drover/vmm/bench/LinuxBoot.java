package io.drover.vmm.bench;

import io.drover.vmm.client.ConsoleListener;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmCommand;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmEnd.Cause;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.selftest.SelfTest;
import io.drover.vmm.selftest.SelfTestResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Boots an unmodified Linux with the demo's initramfs under VMM processes, types into its shell, and has it end in each way that
 * it can: for a host with real KVM. Prints how long it took from exec to the guest's init, and from init to the shell's answer.
 *
 * <p>
 * Arguments: the jars of drover-vmm, drover-proto and protobuf-java; an AOT cache, which is made when it is not there; the
 * kernel; the initramfs; the numbers of vCPUs.
 */
final class LinuxBoot {
    private static final Duration DEADLINE = Duration.ofMinutes(4);
    private static final long MEMORY_BYTES = 512L << 20;

    private final List<Path> jars;
    private final Path cache;
    private final Path kernel;
    private final Path initramfs;
    private final Path folder;

    private LinuxBoot(List<Path> jars, Path cache, Path kernel, Path initramfs) throws IOException {
        this.jars = jars;
        this.cache = cache;
        this.kernel = kernel;
        this.initramfs = initramfs;
        this.folder = Files.createTempDirectory("linux-boot");
    }

    public static void main(String[] arguments) throws Exception {
        switch (SelfTest.run()) {
            case SelfTestResult.Usable usable ->
                System.out.printf("usable, %.0f million instructions/s%n", usable.instructionsPerSecond() / 1e6);
            case SelfTestResult.Unusable unusable -> System.out.println("not usable: " + unusable.reason());
        }
        LinuxBoot boot = new LinuxBoot(List.of(Path.of(arguments[0]), Path.of(arguments[1]), Path.of(arguments[2])),
                Path.of(arguments[3]), Path.of(arguments[4]), Path.of(arguments[5]));
        boot.train();
        for (int at = 6; at < arguments.length; at++) {
            int vcpus = Integer.parseInt(arguments[at]);
            boot.run(vcpus, "poweroff\n", Cause.GUEST_POWERED_OFF);
            boot.run(vcpus, "reboot\n", Cause.GUEST_REBOOTED);
            boot.run(vcpus, "echo c > /proc/sysrq-trigger\n", Cause.GUEST_PANICKED);
            boot.run(vcpus, "", Cause.GUEST_POWERED_OFF);
        }
    }

    private static Path javaHome() {
        return Path.of(System.getProperty("java.home"));
    }

    private void train() throws IOException, InterruptedException {
        if (!Files.exists(cache)) {
            Process process = VmmCommand.training(javaHome(), jars, cache).toProcessBuilder().inheritIO().start();
            if (process.waitFor() != 0) {
                throw new IOException("training failed");
            }
        }
    }

    /**
     * One VM's life.
     *
     * @param last
     *            what ends it; empty: the power button
     */
    private void run(int vcpus, String last, Cause expected) throws Exception {
        Path place = Files.createTempDirectory(folder, "vm");
        Path settings = place.resolve("vmm.pb");
        new VmmSettings("linux", "linux", 1, vcpus, MEMORY_BYTES, kernel, Optional.of(initramfs),
                "console=ttyS0 panic=-1 hostname=linux", place.resolve("control"), place.resolve("console.log"), 0,
                place.resolve("exit.pb"), false).write(settings);
        long from = System.nanoTime();
        Process process = VmmCommand.run(javaHome(), jars, Optional.of(cache), settings).toProcessBuilder()
                .redirectErrorStream(true).redirectOutput(place.resolve("log").toFile()).start();
        Screen screen = new Screen();
        try (VmmClient client = connect(place.resolve("control"), process)) {
            client.attachConsole(false, screen);
            screen.await("drover-guest: init started");
            long init = System.nanoTime();
            screen.await("linux:");
            client.pause();
            client.resume(1);
            client.consoleInput("echo $((6*7)) of $(nproc)\n".getBytes(StandardCharsets.US_ASCII));
            screen.await("42 of " + vcpus + "\r\n");
            long answered = System.nanoTime();
            VmmStatus status = client.status();
            System.out.printf(
                    "%d vCPUs: first instruction after %d ms, init after %.1f s, shell after %.1f s more, %d exits,",
                    vcpus, status.firstInstruction().orElseThrow().toMillis(), (init - from) / 1e9,
                    (answered - init) / 1e9, status.exits());
            if (last.isEmpty()) {
                client.powerButton();
            } else {
                client.consoleInput(last.getBytes(StandardCharsets.US_ASCII));
            }
            if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("the VMM did not end; console:\n" + screen.text());
            }
            VmmEnd end = VmmEnd.read(place.resolve("exit.pb")).orElseThrow();
            System.out.printf(" %s: %s%n", end.cause(), end.message());
            if (end.cause() != expected) {
                throw new IOException("expected " + expected + "; console:\n" + screen.text());
            }
        } catch (IOException e) {
            System.out.println(screen.text() + Files.readString(place.resolve("log")));
            throw e;
        } finally {
            process.destroyForcibly();
        }
    }

    private static VmmClient connect(Path socket, Process process) throws IOException {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (true) {
            try {
                return VmmClient.connect(socket, DEADLINE);
            } catch (IOException e) {
                if (System.nanoTime() > deadline || !process.isAlive()) {
                    throw e;
                }
                LockSupport.parkNanos(5_000_000);
            }
        }
    }

    private static final class Screen implements ConsoleListener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public synchronized void output(byte[] data, long lostBytes) {
            text.append(new String(data, StandardCharsets.ISO_8859_1));
            notifyAll();
        }

        synchronized void await(String awaited) throws IOException, InterruptedException {
            long deadline = System.nanoTime() + DEADLINE.toNanos();
            while (text.indexOf(awaited) < 0) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    throw new IOException("the guest did not print: " + awaited);
                }
                wait(left);
            }
        }

        synchronized String text() {
            return text.toString();
        }
    }
}
