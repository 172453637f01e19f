package io.drover.agent.driver.qemu;

import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineCounters;
import io.drover.agent.driver.MachineDevices;
import io.drover.agent.driver.MachineEnd;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.folder.LogFile;
import io.drover.agent.folder.RunLog;
import io.drover.agent.process.DetachedProcess;
import io.drover.agent.process.ProcessIdentity;
import io.drover.vmm.client.VmmCpuidEntry;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A machine in a QEMU process. */
final class QemuMachine implements Machine {
    private static final Logger log = LoggerFactory.getLogger(QemuMachine.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final long CONSOLE_LOG_BYTES = 4L << 20;
    private static final long ACCOUNT_BYTES = 1L << 20;

    private final ProcessIdentity process;
    private final Optional<DetachedProcess> child;
    private final MachinePlan plan;
    private final String name;
    private final QemuFiles files;
    private final QmpClient monitor;
    private final QemuConsole console;
    private final CompletableFuture<MachineEnd> end = new CompletableFuture<>();
    private volatile boolean killed;
    private volatile boolean closed;

    /**
     * @param child set when this agent spawned the process: then it learns the exit status
     */
    QemuMachine(ProcessIdentity process, Optional<DetachedProcess> child, MachinePlan plan, QemuFiles files,
            QmpClient monitor, QemuConsole console) {
        this.process = process;
        this.child = child;
        this.plan = plan;
        this.name = plan.identity().toString();
        this.files = files;
        this.monitor = monitor;
        this.console = console;
    }

    /** Begins to watch for the end. */
    QemuMachine watched() {
        CompletableFuture<Void> _ = monitor.lost()
                .thenAccept(cause -> Thread.ofVirtual().name("qemu-end " + name).start(this::lost));
        return this;
    }

    @Override
    public ProcessIdentity process() {
        return process;
    }

    @Override
    public CompletableFuture<MachineEnd> end() {
        return end;
    }

    @Override
    public void pressPowerButton() throws IOException {
        monitor.execute("system_powerdown");
    }

    @Override
    public void kill() {
        killed = true;
        process.kill();
    }

    @Override
    public List<VmmCpuidEntry> cpuid() {
        return List.of();
    }

    @Override
    public MachineCounters counters() throws IOException {
        return QemuCounters.of(monitor, plan);
    }

    @Override
    public MachineDevices devices() {
        return new QemuMachineDevices(monitor, plan);
    }

    @Override
    public void trimLogs() throws IOException {
        new LogFile(files.folder().consoleLog(), CONSOLE_LOG_BYTES).rotateOpen();
        new RunLog(files.folder().vmmLog()).trim();
        // Each reset of a CPU writes there, and a guest may reset its CPUs for ever. QEMU keeps its place in the
        // file: what is cut becomes a hole.
        if (LogFile.size(files.account()) > ACCOUNT_BYTES) {
            try (FileChannel account = FileChannel.open(files.account(), StandardOpenOption.WRITE)) {
                account.truncate(0);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        monitor.close();
        console.close();
    }

    /** No plan of this driver's is leased. */
    @Override
    public void renewLease(long untilBootNanos) throws IOException {
        throw new IOException("the driver qemu has no leases");
    }

    /** The monitor's connection is gone, which is how QEMU's end shows at once, child or not. */
    private void lost() {
        if (closed) {
            return;
        }
        try {
            boolean gone = process.awaitEnd(PATIENCE);
            if (!gone) {
                log.warn("{}: QEMU (pid {}) closed its monitor but runs on; killing it", name, process.pid());
                process.kill();
                if (!process.awaitEnd(PATIENCE)) {
                    log.error("{}: QEMU (pid {}) does not end", name, process.pid());
                }
            }
            console.drain();
            end.complete(gone ? howItEnded() : new MachineEnd.Failed("QEMU closed its monitor and was killed for it"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end.complete(new MachineEnd.Failed("the agent stopped watching"));
        } finally {
            console.close();
        }
    }

    private MachineEnd howItEnded() throws InterruptedException {
        if (killed) {
            return new MachineEnd.Killed();
        }
        // A process is gone for others a moment before its parent knows how it ended.
        return QemuEnd.of(files, child.isPresent() ? child.get().awaitExitStatus(PATIENCE) : Optional.empty());
    }
}
