package io.drover.agent.driver.kvm;

import io.drover.agent.console.Console;
import io.drover.agent.console.InputPump;
import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineCounters;
import io.drover.agent.driver.MachineDevices;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachineEnd;
import io.drover.agent.driver.MachineMigration;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.MachineSaving;
import io.drover.agent.driver.MachineShare;
import io.drover.agent.folder.RunLog;
import io.drover.agent.process.DetachedProcess;
import io.drover.agent.process.ProcessIdentity;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmCpuidEntry;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmListener;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSaveProgress;
import io.drover.vmm.client.VmmStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A machine in a VMM process of ours. */
final class KvmMachine implements Machine {
    private static final Logger log = LoggerFactory.getLogger(KvmMachine.class);
    /** For a VMM that has its guest's memory be there: more than any host takes. */
    private static final Duration PREFAULT_PATIENCE = Duration.ofHours(1);
    /** From the last word of a VMM to the end of its process. */
    private static final Duration END_PATIENCE = Duration.ofSeconds(15);
    /** From the end of a VMM to the end of the sandbox around it, which has its status. */
    private static final Duration STATUS_PATIENCE = Duration.ofSeconds(2);
    /** For a VMM that was told to stop to do so by itself. */
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(3);
    private static final int INPUT_BYTES = 1024;
    private static final long INPUT_PAUSE_MILLIS = 20;

    private final ProcessIdentity process;
    private final Optional<DetachedProcess> child;
    private final MachinePlan plan;
    private final String name;
    private final KvmFiles files;
    private final VmmClient client;
    /** Under which the guest runs: that of the plan, until a hand-off has ended with another. */
    private final AtomicLong epoch;
    private final KvmMigration migration;
    private final KvmSaving saving;
    private final InputPump input;
    private final CompletableFuture<MachineEnd> end = new CompletableFuture<>();
    private volatile boolean killed;
    private volatile boolean closed;

    private KvmMachine(ProcessIdentity process, Optional<DetachedProcess> child, MachinePlan plan, KvmFiles files,
            VmmClient client,
            Console console) {
        this.process = process;
        this.child = child;
        this.plan = plan;
        this.name = plan.identity().toString();
        this.files = files;
        this.client = client;
        this.epoch = new AtomicLong(plan.identity().epoch());
        this.migration = new KvmMigration(client, files, process, epoch);
        this.saving = new KvmSaving(client, epoch);
        this.input = new InputPump(name, console, this::type);
    }

    /**
     * Looks after a VMM from now on.
     *
     * @param child set when this agent spawned the process: then it learns the exit status
     * @param client taken over
     * @param letRun its guest is let run if it does not yet
     */
    static KvmMachine attach(ProcessIdentity process, Optional<DetachedProcess> child, MachinePlan plan,
            KvmFiles files, VmmClient client, Console console, boolean letRun)
            throws IOException, VmmRefusedException {
        KvmMachine machine = new KvmMachine(process, child, plan, files, client, console);
        try {
            client.attachConsole(false, (data, lostBytes) -> {
                if (lostBytes > 0) {
                    console.lost(lostBytes);
                }
                console.output(data, 0, data.length);
            });
            client.watch(machine.new Watcher());
            VmmStatus.State state = client.status().state();
            if (letRun && (state == VmmStatus.State.PAUSED || state == VmmStatus.State.STARTING)) {
                machine.resume();
            }
            return machine;
        } catch (IOException | VmmRefusedException e) {
            machine.close();
            throw e;
        }
    }

    /** A guest whose memory is to be there first is not waited for: that may take minutes, and it can be stopped meanwhile. */
    private void resume() throws IOException, VmmRefusedException {
        MachineShare share = plan.share();
        boolean early = share.prefault()
                || (share.pageBytes() > MachineShare.SMALL_PAGE_BYTES && !share.nodes().isEmpty());
        if (!early) {
            client.resume(plan.identity().epoch());
            return;
        }
        Thread.ofVirtual().name("vmm-prefault " + name).start(() -> {
            try (VmmClient patient = VmmClient.connect(process.folder().resolve(KvmFiles.CONTROL_SOCKET),
                    PREFAULT_PATIENCE)) {
                patient.resume(plan.identity().epoch());
                log.info("VM {}: its memory is there", name);
            } catch (IOException | VmmRefusedException e) {
                if (!closed && process.isAlive()) {
                    log.warn("VM {}: its guest cannot be let run; ending it", name, e);
                    kill();
                }
            }
        });
    }

    private final class Watcher implements VmmListener {
        @Override
        public void changed(VmmStatus status) {
            log.debug("VM {}: {}", name, status);
        }

        @Override
        public void saving(VmmSaveProgress progress) {
            saving.progress(progress);
        }

        @Override
        public void migrating(VmmMigration now) {
            migration.changed(now);
        }

        @Override
        public void ended(VmmEnd how) {
            log.debug("VM {}: {}", name, how);
        }

        /** The connection is gone, which is how the process's end shows at once, child or not. */
        @Override
        public void disconnected(IOException cause) {
            if (!closed) {
                Thread.ofVirtual().name("vmm-end " + name).start(KvmMachine.this::gone);
            }
        }
    }

    private void gone() {
        try {
            if (process.awaitEnd(END_PATIENCE)) {
                end.complete(killed ? new MachineEnd.Killed()
                        : KvmEnd.of(files, exitStatus()));
                return;
            }
            log.warn("VM {}: the VMM (pid {}) closed its socket but runs on; killing it", name, process.pid());
            process.kill();
            if (!process.awaitEnd(END_PATIENCE)) {
                log.error("VM {}: the VMM (pid {}) does not end", name, process.pid());
            }
            end.complete(new MachineEnd.Failed("the VMM closed its socket and was killed for it"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end.complete(new MachineEnd.Failed("the agent stopped watching"));
        }
    }

    private Optional<DetachedProcess.ExitStatus> exitStatus() throws InterruptedException {
        return child.isPresent() ? child.get().awaitExitStatus(STATUS_PATIENCE) : Optional.empty();
    }

    /** A VMM refuses input that it has no room for, as the guest does not read: then it is offered again. */
    private void type(byte[] bytes) throws IOException, InterruptedException {
        for (int from = 0; from < bytes.length; from += INPUT_BYTES) {
            byte[] piece = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + INPUT_BYTES));
            while (!offer(piece)) {
                Thread.sleep(INPUT_PAUSE_MILLIS);
            }
        }
    }

    private boolean offer(byte[] piece) throws IOException {
        try {
            client.consoleInput(piece);
            return true;
        } catch (VmmRefusedException expected) {
            return false;
        }
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
        try {
            client.powerButton();
        } catch (VmmRefusedException e) {
            throw new IOException("the VMM refused: " + e.getMessage(), e);
        }
    }

    @Override
    public void renewLease(long untilBootNanos) throws IOException {
        try {
            client.renewLease(epoch.get(), untilBootNanos);
        } catch (VmmRefusedException e) {
            throw new IOException("the VMM refused: " + e.getMessage(), e);
        }
    }

    /** Asks the VMM first, so that its logs are whole; one that does not obey soon is killed. */
    @Override
    public void kill() {
        killed = true;
        Thread.ofVirtual().name("vmm-kill " + name).start(() -> {
            try {
                client.stop();
                if (process.awaitEnd(STOP_PATIENCE)) {
                    return;
                }
            } catch (IOException | VmmRefusedException e) {
                log.debug("VM {}: the VMM cannot be told to stop", name, e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            process.kill();
        });
    }

    @Override
    public List<VmmCpuidEntry> cpuid() throws IOException {
        try {
            return client.cpuid();
        } catch (VmmRefusedException e) {
            // A VMM of an earlier release, which knows no such request.
            log.debug("VM {}: the VMM does not tell its guest's CPUID", name, e);
            return List.of();
        }
    }

    @Override
    public MachineCounters counters() throws IOException {
        try {
            return KvmCounters.of(client.status(), plan.disks().stream().map(MachineDisk::name).toList());
        } catch (VmmRefusedException e) {
            throw new IOException("the VMM refused: " + e.getMessage(), e);
        }
    }

    @Override
    public MachineDevices devices() {
        return new KvmMachineDevices(client, files);
    }

    @Override
    public Optional<MachineMigration> migration() {
        return Optional.of(migration);
    }

    @Override
    public Optional<MachineSaving> saving() {
        return Optional.of(saving);
    }

    @Override
    public void trimLogs() throws IOException {
        new RunLog(files.folder().vmmLog()).trim();
    }

    @Override
    public void close() {
        closed = true;
        input.close();
        try {
            client.close();
        } catch (IOException e) {
            log.debug("VM {}: the connection to the VMM did not close in order", name, e);
        }
    }
}
