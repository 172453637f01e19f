package io.drover.agent.driver.kvm;

import io.drover.agent.console.Console;
import io.drover.agent.driver.Adoption;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.DriverStatus;
import io.drover.agent.driver.KernelFormat;
import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachineEnd;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.UnbootableException;
import io.drover.agent.folder.RunLog;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.DetachedProcess;
import io.drover.agent.process.ProcessIdentity;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmCommand;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.selftest.SelfTestResult;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Runs each machine in a VMM process of ours, on /dev/kvm. */
public final class KvmDriver implements Driver {
    private static final Duration START_PATIENCE = Duration.ofSeconds(30);
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(10);
    private static final Duration CALL_PATIENCE = Duration.ofSeconds(20);
    private static final long CONSOLE_LOG_BYTES = 4L << 20;

    private final VmmProgram program;
    private final DriverStatus status;

    /**
     * A driver.
     *
     * @param status as the host's self test has it, see {@link #status(SelfTestResult)}
     */
    public KvmDriver(VmmProgram program, DriverStatus status) {
        this.program = program;
        this.status = status;
    }

    /** What a self test means for this driver. */
    public static DriverStatus status(SelfTestResult result) {
        return switch (result) {
            case SelfTestResult.Usable usable -> new DriverStatus.Usable(String.format(Locale.ROOT,
                    "/dev/kvm works, a guest ran %d million instructions a second",
                    usable.instructionsPerSecond() / 1_000_000));
            case SelfTestResult.Unusable unusable -> new DriverStatus.Unusable(unusable.reason());
        };
    }

    @Override
    public String name() {
        return "kvm";
    }

    @Override
    public DriverStatus status() {
        return status;
    }

    @Override
    public String marker(VmFolder folder) {
        return new KvmFiles(folder).settings().toString();
    }

    @Override
    public void check(MachinePlan plan) throws UnbootableException, IOException {
        KernelFormat.check(plan.kernel());
    }

    @Override
    public Machine spawn(MachinePlan plan, VmFolder folder, Console console)
            throws UnbootableException, IOException, InterruptedException {
        KvmFiles files = new KvmFiles(folder);
        files.clear();
        // Paused, so that the guest's first byte is seen, and a guest that ends at once is told from a VMM that failed.
        new VmmSettings(plan.identity().name(), plan.identity().uid(), plan.identity().epoch(), plan.vcpus(),
                plan.memoryBytes(),
                plan.kernel(), plan.initramfs(), plan.commandLine(), KvmFiles.CONTROL_SOCKET, folder.consoleLog(),
                CONSOLE_LOG_BYTES,
                files.exit(), true)
                .withDevices(plan.disks().stream().map(KvmDriver::disk).toList(), false).write(files.settings());
        new RunLog(folder.vmmLog()).begin();
        VmmCommand command = program.command(files.settings());
        DetachedProcess child = DetachedProcess.start(command.arguments(), command.environment(), folder.path(),
                folder.vmmLog());
        try {
            VmmClient client = connect(child, files);
            return KvmMachine.attach(child.identity(), Optional.of(child), plan, files, client, console);
        } catch (VmmRefusedException e) {
            end(child);
            throw new IOException("the VMM refused: " + e.getMessage(), e);
        } catch (UnbootableException | IOException | InterruptedException e) {
            end(child);
            throw e;
        }
    }

    private static VmmDisk disk(MachineDisk disk) {
        List<VmmDisk.File> backing = disk.backing()
                .map(below -> new VmmDisk.File(below.file(), switch (below.format()) {
                    case RAW -> VmmDisk.Format.RAW;
                    case QCOW2 -> VmmDisk.Format.QCOW2;
                })).stream().toList();
        return new VmmDisk(new VmmDisk.File(disk.file(), VmmDisk.Format.QCOW2), backing, disk.readOnly(),
                disk.serial(), disk.writeThrough() ? VmmDisk.Cache.WRITE_THROUGH : VmmDisk.Cache.WRITE_BACK, 0);
    }

    private static void end(DetachedProcess child) throws InterruptedException {
        child.identity().kill();
        child.identity().awaitEnd(KILL_PATIENCE);
    }

    private static VmmClient connect(DetachedProcess child, KvmFiles files)
            throws UnbootableException, IOException, InterruptedException {
        long deadline = System.nanoTime() + START_PATIENCE.toNanos();
        while (true) {
            Optional<DetachedProcess.ExitStatus> exit = child.exitStatus();
            if (exit.isPresent()) {
                throw refusal(files, exit.get());
            }
            Optional<VmmClient> client = tryConnect(child.identity());
            if (client.isPresent()) {
                return client.get();
            }
            if (System.nanoTime() - deadline >= 0) {
                throw new IOException("the VMM did not answer within " + START_PATIENCE.toSeconds() + " s");
            }
            Thread.sleep(5);
        }
    }

    private static Optional<VmmClient> tryConnect(ProcessIdentity process) {
        Path socket = process.folder().resolve(KvmFiles.CONTROL_SOCKET);
        try {
            return Optional.of(VmmClient.connect(socket, CALL_PATIENCE));
        } catch (IOException expected) {
            // Not there yet, or gone: the caller looks whether the process lives.
            return Optional.empty();
        }
    }

    private static IOException refusal(KvmFiles files, DetachedProcess.ExitStatus exit) throws UnbootableException {
        return switch (KvmEnd.of(files, Optional.of(exit))) {
            case MachineEnd.NeverRan(String message) -> throw new UnbootableException(message);
            case MachineEnd.Failed(String message) -> new IOException(message);
            case MachineEnd.HostFailed(String message) -> new IOException(message);
            case MachineEnd.PoweredOff _,MachineEnd.Rebooted _,MachineEnd.Panicked _,MachineEnd.Killed _ ->
                new IOException("the VMM ended before its guest ran: " + exit);
        };
    }

    @Override
    public Adoption adopt(MachinePlan plan, VmFolder folder, Console console) throws IOException, InterruptedException {
        KvmFiles files = new KvmFiles(folder);
        List<ProcessIdentity> found = processes(folder);
        if (found.isEmpty()) {
            return KvmEnd.left(files).<Adoption>map(Adoption.Ended::new).orElseGet(Adoption.NoTrace::new);
        }
        ProcessIdentity process = found.getFirst();
        try {
            VmmClient client = connectAgain(process);
            return new Adoption.Adopted(
                    KvmMachine.attach(process, Optional.empty(), plan, files, client, console));
        } catch (IOException e) {
            if (!process.awaitEnd(KILL_PATIENCE)) {
                throw e;
            }
            return new Adoption.Ended(KvmEnd.of(files, Optional.empty()));
        } catch (VmmRefusedException e) {
            throw new IOException("the VMM refused the agent: " + e.getMessage(), e);
        }
    }

    /** A VMM that was spawned a moment before its agent died may still be setting up. */
    private static VmmClient connectAgain(ProcessIdentity process) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + START_PATIENCE.toNanos();
        while (System.nanoTime() - deadline < 0 && process.isAlive()) {
            Optional<VmmClient> client = tryConnect(process);
            if (client.isPresent()) {
                return client.get();
            }
            Thread.sleep(20);
        }
        throw new IOException("the VMM (pid " + process.pid() + ") does not answer");
    }
}
