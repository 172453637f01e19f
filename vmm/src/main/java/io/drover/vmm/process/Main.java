package io.drover.vmm.process;

import io.drover.vmm.accelerator.KvmAccelerator;
import io.drover.vmm.client.VmmCommand;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmEnd.Cause;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.kvm.Kvm;
import io.drover.vmm.linux.FileMode;
import io.drover.vmm.log.Log;
import io.drover.vmm.seccomp.VmmFilter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The VMM process. Its argument is the file of its {@link VmmSettings}, or {@code --train}, which goes once through all
 * that a start does, for the JVM to make a cache of it. Before the file, {@code --unfiltered} leaves the process all
 * system calls, for those who trace it. SIGTERM ends the VM as a StopRequest does. The exit code is the {@link Cause}'s.
 */
public final class Main {
    private static final String TRAIN = "--train";
    /** sysexits.h, EX_USAGE. */
    private static final int USAGE = 64;
    /** For the exit file to be written after SIGTERM; vCPUs and connections have shorter deadlines of their own. */
    private static final Duration TERMINATION_DEADLINE = Duration.ofSeconds(20);

    private Main() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        boolean filtered = arguments.length != 2 || !arguments[0].equals(VmmCommand.UNFILTERED);
        if (arguments.length != (filtered ? 1 : 2)) {
            System.err.println(
                    "usage: " + Main.class.getName() + " [" + VmmCommand.UNFILTERED + "] SETTINGS_FILE|" + TRAIN);
            System.exit(USAGE);
        }
        Termination termination = new Termination();
        if (arguments[0].equals(TRAIN)) {
            Training.run(termination);
            termination.exit(0);
            return;
        }
        // The first system call binds libc, which takes a third of the start: on a thread beside this one.
        Thread binding = Thread.ofPlatform().name("binding").start(FileMode::keepPrivate);
        String file = arguments[arguments.length - 1];
        VmmSettings settings;
        try {
            settings = VmmSettings.read(Path.of(file));
            binding.join();
        } catch (IOException | RuntimeException e) {
            new Log(System.err, "?").error("settings " + file + " cannot be read: " + e);
            System.exit(Cause.START_FAILED.exitCode());
            return;
        }
        VmmEnd end = VmmProcess.run(settings, () -> openKvm(settings, filtered), new Log(System.err, settings.vm()),
                termination);
        termination.exit(end.cause().exitCode());
    }

    /** Nothing of the guest's has been touched yet when the filter is in place. */
    private static KvmAccelerator openKvm(VmmSettings settings, boolean filtered) throws IOException {
        if (filtered) {
            VmmFilter.install(
                    settings.nics().stream().anyMatch(nic -> nic.network() instanceof VmmNic.Network.User));
        }
        return KvmAccelerator.open(Kvm.DEVICE);
    }

    /** Turns SIGTERM into the end of the VM, with everything that belongs to an end, and the exit code of its cause. */
    private static final class Termination implements VmmProcess.StopHook {
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile int exitCode = Cause.VMM_FAILED.exitCode();

        @Override
        public void armed(Runnable stop) {
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("termination").unstarted(() -> {
                if (ended.getCount() > 0) {
                    stop.run();
                    await();
                    Runtime.getRuntime().halt(exitCode);
                }
            }));
        }

        void exit(int code) {
            exitCode = code;
            ended.countDown();
            System.exit(code);
        }

        private void await() {
            try {
                if (!ended.await(TERMINATION_DEADLINE.toNanos(), TimeUnit.NANOSECONDS)) {
                    System.err.println("the VM did not end within " + TERMINATION_DEADLINE);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
