package io.drover.agent.driver.kvm;

import io.drover.agent.confinement.Belongings;
import io.drover.agent.confinement.Confinement;
import io.drover.agent.console.Console;
import io.drover.agent.driver.Adoption;
import io.drover.agent.driver.DriverStatus;
import io.drover.agent.driver.KernelFormat;
import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachineEnd;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.MachineShare;
import io.drover.agent.driver.SavingDriver;
import io.drover.agent.driver.UnbootableException;
import io.drover.agent.folder.RunLog;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.DetachedProcess;
import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.process.ProcessTable;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmCommand;
import io.drover.vmm.client.VmmMemory;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmShare;
import io.drover.vmm.selftest.SelfTestResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Runs each machine in a VMM process of ours, on /dev/kvm. */
public final class KvmDriver implements SavingDriver {
    private static final Duration START_PATIENCE = Duration.ofSeconds(30);
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(10);
    private static final Duration CALL_PATIENCE = Duration.ofSeconds(20);
    private static final long CONSOLE_LOG_BYTES = 4L << 20;

    private final VmmProgram program;
    private final Confinement confinement;
    private final DriverStatus status;

    /**
     * A driver.
     *
     * @param confinement of each VMM
     * @param status as the host's self test has it, see {@link #status(SelfTestResult)}
     */
    public KvmDriver(VmmProgram program, Confinement confinement, DriverStatus status) {
        this.program = program;
        this.confinement = confinement;
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
    public int user(VmFolder folder) throws IOException {
        return confinement.user(folder);
    }

    @Override
    public Machine spawn(MachinePlan plan, VmFolder folder, Console console)
            throws UnbootableException, IOException, InterruptedException {
        return spawn(plan, folder, console, Origin.BOOT);
    }

    @Override
    public Machine spawnIncoming(MachinePlan plan, VmFolder folder, Console console)
            throws UnbootableException, IOException, InterruptedException {
        return spawn(plan, folder, console, Origin.OTHER_HOST);
    }

    @Override
    public Machine spawnSaved(MachinePlan plan, VmFolder folder, Console console, Path saved)
            throws UnbootableException, IOException, InterruptedException {
        return spawn(plan, folder, console, new Origin(false, Optional.of(saved)));
    }

    /**
     * Where a guest comes from.
     *
     * @param otherHost it is received
     * @param saved the file that it goes on from
     */
    private record Origin(boolean otherHost, Optional<Path> saved) {
        static final Origin BOOT = new Origin(false, Optional.empty());
        static final Origin OTHER_HOST = new Origin(true, Optional.empty());

        boolean boots() {
            return !otherHost && saved.isEmpty();
        }

        VmmSettings in(VmmSettings settings) {
            VmmSettings received = otherHost ? settings.withIncoming() : settings;
            return saved.map(received::withRestore).orElse(received);
        }
    }

    private Machine spawn(MachinePlan plan, VmFolder folder, Console console, Origin origin)
            throws UnbootableException, IOException, InterruptedException {
        KvmFiles files = new KvmFiles(folder);
        folder.create();
        files.clear();
        // Paused, so that the guest's first byte is seen, and a guest that ends at once is told from a VMM that failed.
        VmmSettings settings = new VmmSettings(plan.identity().name(), plan.identity().uid(), plan.identity().epoch(),
                plan.vcpus(),
                plan.memoryBytes(),
                plan.kernel(), plan.initramfs(), plan.commandLine(), KvmFiles.CONTROL_SOCKET, folder.consoleLog(),
                CONSOLE_LOG_BYTES,
                files.exit(), true)
                .withDevices(plan.disks().stream().map(KvmDisk::of).toList(), true)
                .withNics(plan.nics().stream().map(KvmNic::of).toList())
                .withShare(share(plan.share())).withHotPlug();
        VmmSettings all = KvmDevices.with(plan.cpuModel().map(settings::withCpuModel).orElse(settings), plan.devices());
        VmmSettings withSockets = files.withSockets(origin.in(all), plan);
        (plan.leased() ? withSockets.withLeaseNeeded() : withSockets).write(files.settings());
        new RunLog(folder.vmmLog()).begin();
        VmmCommand command = program.command(files.settings(), confinement.filtersCalls());
        DetachedProcess child = DetachedProcess.start(plan.share().launcher(),
                confinement.enclose(folder, belongings(plan, files, origin.saved()), command.arguments()),
                command.environment(),
                folder.run(), folder.lock(), folder.vmmLog());
        try {
            VmmClient client = connect(child, files);
            return KvmMachine.attach(itself(folder, child), Optional.of(child), plan, files, client, console,
                    origin.boots());
        } catch (VmmRefusedException e) {
            end(child, folder);
            throw new IOException("the VMM refused: " + e.getMessage(), e);
        } catch (UnbootableException | IOException | InterruptedException e) {
            end(child, folder);
            throw e;
        }
    }

    private static VmmShare share(MachineShare share) {
        return new VmmShare(new VmmMemory(share.pageBytes(), share.prefault(), share.nodes()), share.vcpuCpus(),
                share.cpuid());
    }

    private Belongings belongings(MachinePlan plan, KvmFiles files, Optional<Path> saved) throws IOException {
        List<Path> readable = new ArrayList<>(program.files());
        readable.add(files.settings());
        readable.add(plan.kernel());
        plan.initramfs().ifPresent(readable::add);
        saved.ifPresent(readable::add);
        List<Path> writable = new ArrayList<>();
        Path disks = Files.createDirectories(files.folder().disks());
        for (MachineDisk disk : plan.disks()) {
            disk.backing().ifPresent(below -> readable.add(below.file()));
            if (!disk.file().startsWith(disks)) {
                writable.add(disk.file());
            }
        }
        return new Belongings(readable, writable, List.of(disks));
    }

    /** A VMM that answers holds the folder's lock, so it is the only one; it may be a child of the agent's child. */
    private ProcessIdentity itself(VmFolder folder, DetachedProcess child) {
        return processes(folder).stream().findFirst().orElse(child.identity());
    }

    /** Nothing else that runs for the folder: this one may have failed because of that. */
    private void end(DetachedProcess child, VmFolder folder) throws InterruptedException {
        child.end(marker(folder), KILL_PATIENCE);
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
        return adopt(plan, folder, console, true);
    }

    @Override
    public Adoption adoptAsItIs(MachinePlan plan, VmFolder folder, Console console)
            throws IOException, InterruptedException {
        return adopt(plan, folder, console, false);
    }

    private Adoption adopt(MachinePlan plan, VmFolder folder, Console console, boolean letRun)
            throws IOException, InterruptedException {
        KvmFiles files = new KvmFiles(folder);
        Optional<ProcessIdentity> found = find(folder);
        if (found.isEmpty()) {
            return KvmEnd.left(files).<Adoption>map(Adoption.Ended::new).orElseGet(Adoption.NoTrace::new);
        }
        ProcessIdentity process = found.get();
        try {
            VmmClient client = connectAgain(process);
            return new Adoption.Adopted(
                    KvmMachine.attach(process, Optional.empty(), plan, files, client, console, letRun));
        } catch (IOException e) {
            if (!process.awaitEnd(KILL_PATIENCE)) {
                throw e;
            }
            return new Adoption.Ended(KvmEnd.of(files, Optional.empty()));
        } catch (VmmRefusedException e) {
            throw new IOException("the VMM refused the agent: " + e.getMessage(), e);
        }
    }

    /** The VMM of a folder, which may just be on its way into its sandbox: then that is waited for. */
    private Optional<ProcessIdentity> find(VmFolder folder) throws InterruptedException {
        long deadline = System.nanoTime() + START_PATIENCE.toNanos();
        while (ProcessTable.isLaunching(marker(folder)) && System.nanoTime() - deadline < 0) {
            Thread.sleep(20);
        }
        return processes(folder).stream().findFirst();
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
