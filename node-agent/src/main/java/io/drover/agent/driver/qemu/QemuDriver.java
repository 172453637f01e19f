package io.drover.agent.driver.qemu;

import io.drover.agent.console.Console;
import io.drover.agent.driver.Adoption;
import io.drover.agent.driver.Driver;
import io.drover.agent.driver.DriverStatus;
import io.drover.agent.driver.KernelFormat;
import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineNic;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.UnbootableException;
import io.drover.agent.driver.UnsupportedPlanException;
import io.drover.agent.folder.FolderWatch;
import io.drover.agent.folder.LogReader;
import io.drover.agent.folder.RunLog;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.DetachedProcess;
import io.drover.agent.process.ProcessIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs each machine in a qemu-system-x86_64 process. */
public final class QemuDriver implements Driver {
    private static final Logger log = LoggerFactory.getLogger(QemuDriver.class);
    private static final Duration START_PATIENCE = Duration.ofSeconds(30);
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(10);

    private final Optional<Path> program;
    private final Accelerator accelerator;
    private final DriverStatus status;
    private final FolderWatch watches;

    private QemuDriver(Optional<Path> program, Accelerator accelerator, DriverStatus status, FolderWatch watches) {
        this.program = program;
        this.accelerator = accelerator;
        this.status = status;
        this.watches = watches;
    }

    /**
     * Looks for QEMU on this host.
     *
     * @param name the program's name, looked for in {@code path}, or its file
     * @param path folders with ':' between them, as in PATH
     * @param accelerator KVM only where it is known to work
     * @param watches stays open as long as the driver is used
     */
    public static QemuDriver find(String name, String path, Accelerator accelerator, FolderWatch watches)
            throws InterruptedException {
        Optional<Path> file = QemuProgram.find(name, path);
        return new QemuDriver(file, accelerator, status(name, file, accelerator), watches);
    }

    private static DriverStatus status(String name, Optional<Path> file, Accelerator accelerator)
            throws InterruptedException {
        if (file.isEmpty()) {
            return new DriverStatus.Unusable(
                    name + " is not installed: install the Debian package qemu-system-x86 (apt-get install qemu-system-x86)");
        }
        try {
            String cpu = accelerator == Accelerator.KVM ? "the host's CPU by /dev/kvm" : "a CPU in software";
            return new DriverStatus.Usable(QemuProgram.of(file.get()).version() + ", " + cpu);
        } catch (IOException e) {
            return new DriverStatus.Unusable(e.getMessage() + ": install the Debian package qemu-system-x86 again");
        }
    }

    @Override
    public String name() {
        return "qemu";
    }

    @Override
    public DriverStatus status() {
        return status;
    }

    @Override
    public String marker(VmFolder folder) {
        return new QemuFiles(folder).pidFile().toString();
    }

    @Override
    public void check(MachinePlan plan) throws UnbootableException, UnsupportedPlanException, IOException {
        QemuDevices.check(plan.devices());
        KernelFormat.check(plan.kernel());
        if (plan.cpuModel().isPresent()) {
            throw new UnsupportedPlanException(name(), "CPU models");
        }
        if (plan.leased()) {
            // QEMU would run on where the agent that could stop it is dead.
            throw new UnsupportedPlanException(name(), "leases, which HA policies need");
        }
        if (plan.vsock()) {
            // Its own needs a kernel module, the rights to use it, and an address that no other VM of the host has.
            throw new UnsupportedPlanException(name(), "vsock");
        }
        for (MachineNic nic : plan.nics()) {
            if (!nic.receiveRate().equals(MachineNic.Rate.ANY) || !nic.sendRate().equals(MachineNic.Rate.ANY)) {
                throw new UnsupportedPlanException(name(), "rate limits of nics");
            }
        }
    }

    @Override
    public Machine spawn(MachinePlan plan, VmFolder folder, Console console)
            throws UnbootableException, IOException, InterruptedException {
        Path file = program.orElseThrow(() -> new IOException(status.message()));
        QemuFiles files = new QemuFiles(folder);
        folder.create();
        files.clear();
        new RunLog(folder.vmmLog()).begin();
        LogReader output = LogReader.atEnd(folder.consoleLog());
        for (MachineNic nic : plan.nics()) {
            QemuNic.prepare(nic, plan.identity().uid(), folder.run());
        }
        DetachedProcess child = DetachedProcess.start(plan.share().launcher(),
                QemuCommand.of(file, accelerator, plan, files), Map.of(),
                folder.run(), folder.lock(), folder.vmmLog());
        try {
            QmpClient monitor = connect(plan, child, folder);
            QemuConsole wire = new QemuConsole(plan.identity().toString(), console, folder, output, watches);
            QemuPinning.pin(plan.share().vcpuCpus(), monitor);
            QemuDiskLimits.setAll(monitor, plan);
            monitor.execute("cont");
            return new QemuMachine(child.identity(), Optional.of(child), plan, files, monitor, wire).watched();
        } catch (UnbootableException | IOException | InterruptedException e) {
            child.identity().kill();
            child.identity().awaitEnd(KILL_PATIENCE);
            throw e;
        }
    }

    private static QmpClient connect(MachinePlan plan, DetachedProcess child, VmFolder folder)
            throws UnbootableException, IOException, InterruptedException {
        Path socket = child.identity().folder().resolve(QemuFiles.MONITOR_SOCKET);
        long deadline = System.nanoTime() + START_PATIENCE.toNanos();
        while (true) {
            Optional<DetachedProcess.ExitStatus> exit = child.exitStatus();
            if (exit.isPresent()) {
                throw refusal(exit.get(), new RunLog(folder.vmmLog()).lastWords());
            }
            if (Files.exists(socket)) {
                try {
                    return QmpClient.connect(socket, plan.identity().toString(),
                            event -> log.debug("{}: {}", plan.identity(), event));
                } catch (IOException e) {
                    // Bound but not listening yet, or QEMU is about to end: its exit status tells, next time round.
                    log.debug("{}: QEMU does not listen yet", plan.identity(), e);
                }
            }
            if (System.nanoTime() - deadline >= 0) {
                throw new IOException("QEMU did not answer within " + START_PATIENCE.toSeconds() + " s");
            }
            Thread.sleep(5);
        }
    }

    /** QEMU ended before it ran the guest. It has one exit status for everything, so its words decide what that was. */
    private static IOException refusal(DetachedProcess.ExitStatus exit, String said) throws UnbootableException {
        String lower = said.toLowerCase(Locale.ROOT);
        if (lower.contains("kernel") || lower.contains("initrd") || lower.contains("ram disk")) {
            throw new UnbootableException("QEMU refused to boot it: " + said);
        }
        return new IOException("QEMU " + exit + (said.isEmpty() ? "" : ": " + said));
    }

    @Override
    public Adoption adopt(MachinePlan plan, VmFolder folder, Console console) throws IOException, InterruptedException {
        QemuFiles files = new QemuFiles(folder);
        List<ProcessIdentity> found = processes(folder);
        if (found.isEmpty()) {
            return QemuAccount.end(files.account())
                    .<Adoption>map(end -> new Adoption.Ended(QemuEnd.of(files, Optional.empty())))
                    .orElseGet(Adoption.NoTrace::new);
        }
        ProcessIdentity process = found.getFirst();
        try {
            return new Adoption.Adopted(takeOver(plan, files, process, console));
        } catch (IOException e) {
            if (!process.isAlive()) {
                return new Adoption.Ended(QemuEnd.of(files, Optional.empty()));
            }
            throw e;
        }
    }

    private Machine takeOver(MachinePlan plan, QemuFiles files, ProcessIdentity process, Console console)
            throws IOException, InterruptedException {
        QmpClient monitor = connectAgain(plan, process);
        try {
            LogReader output = new LogReader(files.folder().consoleLog(), Console.SCROLLBACK_BYTES);
            QemuConsole wire = new QemuConsole(plan.identity().toString(), console, files.folder(), output, watches);
            String state = monitor.execute("query-status").getAsJsonObject().get("status").getAsString();
            if (state.equals("prelaunch")) {
                // Its agent died before it let the guest run.
                QemuDiskLimits.setAll(monitor, plan);
            }
            if (state.equals("prelaunch") || state.equals("paused")) {
                monitor.execute("cont");
            }
            return new QemuMachine(process, Optional.empty(), plan, files, monitor, wire).watched();
        } catch (IOException e) {
            monitor.close();
            throw e;
        }
    }

    /** A QEMU that was spawned a moment before its agent died may still be setting up. */
    private static QmpClient connectAgain(MachinePlan plan, ProcessIdentity process)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + START_PATIENCE.toNanos();
        while (true) {
            try {
                return QmpClient.connect(process.folder().resolve(QemuFiles.MONITOR_SOCKET), plan.identity().toString(),
                        event -> log.debug("{}: {}", plan.identity(), event));
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() - deadline >= 0) {
                    throw e;
                }
                Thread.sleep(20);
            }
        }
    }
}
