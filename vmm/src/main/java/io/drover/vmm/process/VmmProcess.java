package io.drover.vmm.process;

import io.drover.proto.vmm.v1.Event;
import io.drover.proto.vmm.v1.SavedMachine;
import io.drover.vmm.accelerator.Accelerator;
import io.drover.vmm.boot.BootSource;
import io.drover.vmm.client.VmmBalloonStatus;
import io.drover.vmm.client.VmmCpuidEntry;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmDiskStatus;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmEnd.Cause;
import io.drover.vmm.client.VmmLease;
import io.drover.vmm.client.VmmMemory;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmNicStatus;
import io.drover.vmm.client.VmmPortStatus;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.client.VmmStatus.State;
import io.drover.vmm.client.VmmVsockStatus;
import io.drover.vmm.client.VmmWatchdogStatus;
import io.drover.vmm.console.ConsoleLog;
import io.drover.vmm.console.ConsoleRing;
import io.drover.vmm.lease.Lease;
import io.drover.vmm.lease.LeaseState;
import io.drover.vmm.linux.BootClock;
import io.drover.vmm.log.Log;
import io.drover.vmm.machine.Answer;
import io.drover.vmm.machine.DiskRate;
import io.drover.vmm.machine.DiskSettings;
import io.drover.vmm.machine.DiskState;
import io.drover.vmm.machine.Machine;
import io.drover.vmm.machine.MachineEnd;
import io.drover.vmm.machine.MachineSettings;
import io.drover.vmm.machine.MachineStartException;
import io.drover.vmm.machine.MachineState;
import io.drover.vmm.machine.MemorySettings;
import io.drover.vmm.machine.NicSettings;
import io.drover.vmm.machine.NicState;
import io.drover.vmm.machine.Pauses;
import io.drover.vmm.machine.Refusal;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.snapshot.SnapshotReader;
import io.drover.vmm.state.SavedStates;
import io.drover.vmm.virtio.balloon.BalloonState;
import io.drover.vmm.virtio.block.BlockCounts;
import io.drover.vmm.virtio.console.PortCounts;
import io.drover.vmm.virtio.net.NetCounts;
import io.drover.vmm.virtio.vsock.VsockCounts;
import io.drover.vmm.watchdog.WatchdogAction;
import io.drover.vmm.watchdog.WatchdogState;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** One VM with all that belongs to its process: console, control socket, and the file that says how it ended. */
final class VmmProcess implements VmmControl {
    private final VmmSettings settings;
    private final Log log;
    private final long processStartNanos;
    private final ConsoleRing console;
    private final Machine machine;
    private final Saving saving;
    private final Sending sending;
    private final Resuming resuming;
    /** Once there is somebody to tell. */
    private volatile Optional<ControlServer> publisher = Optional.empty();

    /** For a machine that is this object's from now on. */
    private VmmProcess(VmmSettings settings, Machine machine, ConsoleRing console, VmmMigration migrated, Log log)
            throws IOException {
        this.settings = settings;
        this.machine = machine;
        this.console = console;
        this.log = log;
        this.processStartNanos = BootClock.processStartNanos();
        this.saving = new Saving(machine, this::publish);
        this.sending = new Sending(settings.vm(), machine, migrated, this::publishMigration, log);
        this.resuming = new Resuming(machine, sending, migrated.phase() == VmmMigration.Phase.RECEIVED,
                this::epochRaised);
    }

    private static MachineSettings machineSettings(VmmSettings settings) throws MachineStartException {
        try {
            return new MachineSettings(settings.vcpus(), settings.memoryBytes(),
                    new BootSource(settings.kernel(), settings.initramfs(), settings.commandLine()),
                    DiskTranslation.of(settings), settings.rng(), NicTranslation.of(settings),
                    ConsoleTranslation.of(settings), VsockTranslation.of(settings), BalloonTranslation.of(settings),
                    watchdog(settings), settings.generationId(), settings.hotPlug(), CpuTranslation.of(settings),
                    memory(settings), settings.share().vcpuCpus(), CpuTranslation.given(settings));
        } catch (IllegalArgumentException e) {
            throw new MachineStartException(e.getMessage(), e);
        }
    }

    /** All of it is looked at before anything of the machine is made of it. */
    private static SavedMachine restore(Path file, GuestMemory memory) throws IOException {
        try (SnapshotReader reader = SnapshotReader.open(file)) {
            SavedMachine state = SavedStates.parse(reader.state());
            reader.readMemory(memory);
            return state;
        }
    }

    /** Whatever its memory comes from, the guest runs under this process's own epoch, and only once that has a lease. */
    private static Lease lease(VmmSettings settings) {
        return Lease.of(settings.epoch(), settings.leaseNeeded());
    }

    private static MemorySettings memory(VmmSettings settings) {
        VmmMemory memory = settings.share().memory();
        return new MemorySettings(memory.pageBytes(), memory.prefault(), memory.numaNodes());
    }

    private static Optional<WatchdogAction> watchdog(VmmSettings settings) {
        if (settings.watchdog().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(switch (settings.watchdog().get()) {
            case RESET -> WatchdogAction.RESET;
            case POWER_OFF -> WatchdogAction.POWER_OFF;
            case NONE -> WatchdogAction.NONE;
        });
    }

    /** Where an accelerator comes from, once the settings are known. */
    @FunctionalInterface
    interface AcceleratorSource {
        Accelerator open() throws IOException;
    }

    /** Something that ends a process from outside, and waits until it has ended. */
    @FunctionalInterface
    interface StopHook {
        void armed(Runnable stop);
    }

    /**
     * Runs the VM to its end and leaves the exit file. Never throws: whatever goes wrong is an end.
     *
     * @param stopHook
     *            given what ends the VM as a StopRequest does, as soon as there is something to end
     */
    static VmmEnd run(VmmSettings settings, AcceleratorSource source, Log log, StopHook stopHook) {
        VmmEnd end;
        try (Accelerator accelerator = source.open()) {
            return settings.incoming() ? receive(settings, accelerator, log, stopHook)
                    : begin(settings, accelerator, log, stopHook);
        } catch (MachineStartException e) {
            end = end(settings, Cause.START_FAILED, e.getMessage());
        } catch (IOException e) {
            end = end(settings, Cause.HOST_FAILED, describe(e));
        } catch (InterruptedException e) {
            end = end(settings, Cause.KILLED, "interrupted");
        } catch (RuntimeException | java.lang.Error e) {
            log.error("the VMM failed", e);
            end = end(settings, Cause.VMM_FAILED, e.toString());
        }
        leave(settings, end, log);
        return end;
    }

    /** A guest that boots, or goes on from a file. */
    private static VmmEnd begin(VmmSettings settings, Accelerator accelerator, Log log, StopHook stopHook)
            throws MachineStartException, IOException, InterruptedException {
        ConsoleRing console = new ConsoleRing();
        DeviceNews news = new DeviceNews();
        try (Machine machine = make(settings, accelerator, console, news, log)) {
            VmmProcess process = new VmmProcess(settings, machine, console,
                    new VmmMigration(VmmMigration.Phase.NONE, Optional.empty(), 0), log);
            try (ConsoleLog _ = ConsoleLog.start(console, settings.consoleLog(), settings.consoleLogMaxBytes(), log);
                    ControlServer server = ControlServer.start(settings.controlSocket(), process, log)) {
                stopHook.armed(() -> process.stop(new LoggedAnswer(log, "stop")));
                log.info((settings.restore().isPresent() ? "restored from " + settings.restore().get() : "assembled")
                        + ": " + describe(settings));
                return process.runMachine(server, news, settings.startPaused());
            }
        }
    }

    private static Machine make(VmmSettings settings, Accelerator accelerator, ConsoleRing console, DeviceNews news,
            Log log) throws MachineStartException, IOException {
        MachineSettings wanted = machineSettings(settings);
        if (settings.restore().isEmpty()) {
            return Machine.assemble(settings.vm(), wanted, lease(settings), accelerator, console, news, log);
        }
        Path file = settings.restore().get();
        return Machine.restore(settings.vm(), wanted, lease(settings), memory -> restore(file, memory), accelerator,
                console, news, log);
    }

    /** A guest that comes from another VMM. */
    private static VmmEnd receive(VmmSettings settings, Accelerator accelerator, Log log, StopHook stopHook)
            throws MachineStartException, IOException, InterruptedException {
        MachineSettings wanted = machineSettings(settings);
        ConsoleRing console = new ConsoleRing();
        DeviceNews news = new DeviceNews();
        AtomicReference<Optional<ControlServer>> told = new AtomicReference<>(Optional.empty());
        IncomingVm incoming = new IncomingVm(settings, console,
                migration -> told.get().ifPresent(server -> server.publish(event(migration))), log);
        try (ConsoleLog _ = ConsoleLog.start(console, settings.consoleLog(), settings.consoleLogMaxBytes(), log);
                ControlServer server = ControlServer.start(settings.controlSocket(), incoming, log)) {
            told.set(Optional.of(server));
            stopHook.armed(() -> server.control().stop(new LoggedAnswer(log, "stop")));
            log.info("waits for its guest: " + describe(settings));
            Optional<Machine> machine = incoming.await(source -> Machine.restore(settings.vm(), wanted,
                    lease(settings), source, accelerator, console, news, log));
            if (machine.isEmpty()) {
                VmmEnd end = end(settings, Cause.KILLED, "stopped from outside");
                leave(settings, end, log);
                server.publish(Event.newBuilder().setExit(end.toProto()).build());
                return end;
            }
            try (Machine received = machine.get()) {
                try {
                    VmmProcess process = new VmmProcess(settings, received, console, incoming.received(), log);
                    server.serve(process);
                    if (incoming.isStopped()) {
                        process.stop(new LoggedAnswer(log, "stop"));
                    }
                    return process.runMachine(server, news, true);
                } finally {
                    // Before the machine is closed: nobody may look at it any more then.
                    server.end();
                }
            }
        }
    }

    private VmmEnd runMachine(ControlServer server, DeviceNews news, boolean paused) throws InterruptedException {
        publisher = Optional.of(server);
        news.tell(this::publishStatus);
        try {
            MachineEnd ended = machine.run(paused, state -> {
                // The others are steps on the way that mean nothing outside.
                if (!(state instanceof MachineState.Pausing || state instanceof MachineState.Ending)) {
                    log.info("state " + status().state() + (machine.leaseState().permits() ? "" : ", without a lease"));
                    publishStatus();
                    if (state instanceof MachineState.Paused
                            && sending.status().phase() == VmmMigration.Phase.RECEIVED) {
                        // Only now, so that who hears of it finds the machine paused.
                        publishMigration(sending.status());
                    }
                }
            });
            sending.close();
            VmmEnd end = describe(ended);
            leave(settings, end, log);
            server.publish(Event.newBuilder().setExit(end.toProto()).build());
            return end;
        } finally {
            sending.close();
        }
    }

    private static String describe(VmmSettings settings) {
        return settings.vcpus() + " vCPUs, " + (settings.memoryBytes() >> 20) + " MiB, epoch " + settings.epoch();
    }

    private static Event event(VmmMigration migration) {
        return Event.newBuilder().setMigration(migration.toProto()).build();
    }

    private void publishMigration(VmmMigration migration) {
        publish(event(migration));
    }

    /** That a device is gone, for whoever tells it: not there yet while the machine is put together. */
    private static final class DeviceNews implements Runnable {
        private volatile Optional<Runnable> listener = Optional.empty();

        void tell(Runnable told) {
            listener = Optional.of(told);
        }

        @Override
        public void run() {
            listener.ifPresent(Runnable::run);
        }
    }

    @Override
    public VmmStatus status() {
        MachineState now = machine.state();
        State state = switch (now) {
            case MachineState.Built _ -> State.STARTING;
            case MachineState.Running _,MachineState.Pausing _ -> State.RUNNING;
            case MachineState.Paused _ -> State.PAUSED;
            case MachineState.Ending _,MachineState.Ended _ -> State.ENDED;
        };
        long entry = machine.firstEntryNanos();
        return new VmmStatus(state, settings.vm(), settings.uid(), machine.epoch(), ProcessHandle.current().pid(),
                entry == 0 ? Optional.empty() : Optional.of(Duration.ofNanos(entry - processStartNanos)),
                settings.vcpus(), settings.memoryBytes(), machine.exits(), diskStatus(), consolePorts(), vsockStatus(),
                balloonStatus(), watchdogStatus(), machine.prefaultedBytes(), nicStatus(), lease(machine.leaseState()),
                now instanceof MachineState.Paused(Pauses by) && by.asked(), machine.rngBytes());
    }

    private List<VmmNicStatus> nicStatus() {
        List<VmmNicStatus> nics = new ArrayList<>();
        for (NicState nic : machine.nics()) {
            NetCounts counts = nic.counts();
            nics.add(new VmmNicStatus(nic.id(), counts.framesIn(), counts.bytesIn(), counts.droppedIn(),
                    counts.framesOut(), counts.bytesOut(), counts.droppedOut(), nic.leaving()));
        }
        return nics;
    }

    private static VmmLease lease(LeaseState lease) {
        return switch (lease) {
            case LeaseState.NotNeeded() -> new VmmLease.NotNeeded();
            case LeaseState.Awaited() -> new VmmLease.Awaited();
            case LeaseState.Held(long until) -> new VmmLease.Held(until);
            case LeaseState.Expired(long until) -> new VmmLease.Expired(until);
            case LeaseState.Superseded(long by) -> new VmmLease.Superseded(by);
        };
    }

    private List<VmmPortStatus> consolePorts() {
        List<PortCounts> ports = machine.consolePorts();
        return ports.isEmpty() ? List.of() : ConsoleTranslation.status(ports);
    }

    private Optional<VmmVsockStatus> vsockStatus() {
        Optional<VsockCounts> counts = machine.vsockCounts();
        return counts.isPresent() ? Optional.of(VsockTranslation.status(counts.get())) : Optional.empty();
    }

    private Optional<VmmBalloonStatus> balloonStatus() {
        Optional<BalloonState> balloon = machine.balloonState();
        return balloon.isPresent() ? Optional.of(BalloonTranslation.status(balloon.get(), settings.memoryBytes()))
                : Optional.empty();
    }

    private void publishStatus() {
        if (publisher.isPresent()) {
            publish(Event.newBuilder().setStatus(status().toProto()).build());
        }
    }

    private void publish(Event event) {
        publisher.ifPresent(server -> server.publish(event));
    }

    private Optional<VmmWatchdogStatus> watchdogStatus() {
        Optional<WatchdogState> watchdog = machine.watchdogState();
        return watchdog.isPresent()
                ? Optional.of(new VmmWatchdogStatus(watchdog.get().left(), watchdog.get().expirations()))
                : Optional.empty();
    }

    private List<VmmDiskStatus> diskStatus() {
        List<VmmDiskStatus> disks = new ArrayList<>();
        for (DiskState disk : machine.disks()) {
            BlockCounts counts = disk.counts();
            disks.add(new VmmDiskStatus(disk.id(), counts.reads(), counts.readBytes(), counts.writes(),
                    counts.writtenBytes(),
                    counts.flushes(), counts.discards(), counts.failures(), disk.sizeBytes(), disk.leaving()));
        }
        return disks;
    }

    @Override
    public void pause(Answer answer) {
        machine.pause(answer);
    }

    @Override
    public void resume(long epoch, Answer answer) {
        resuming.resume(epoch, answer);
    }

    private void epochRaised() {
        log.info("the guest may run under epoch " + machine.epoch());
        publishStatus();
    }

    @Override
    public void renewLease(long renewedEpoch, long untilBootNanos, Answer answer) {
        machine.renewLease(renewedEpoch, untilBootNanos, answer);
    }

    @Override
    public void stop(Answer answer) {
        machine.kill(answer);
    }

    @Override
    public void pressPowerButton() {
        machine.pressPowerButton();
    }

    @Override
    public void setMemoryTarget(long guestBytes, Answer answer) {
        machine.setMemoryTarget(guestBytes, answer);
    }

    @Override
    public boolean type(byte[] input) {
        return machine.type(input);
    }

    @Override
    public void attachDisk(VmmDisk disk, Answer answer) {
        DiskSettings wanted;
        try {
            wanted = DiskTranslation.of(disk);
        } catch (IllegalArgumentException e) {
            answer.refused(Refusal.BAD_REQUEST, e.getMessage());
            return;
        }
        machine.attachDisk(wanted, answer);
    }

    @Override
    public void attachNic(VmmNic nic, Answer answer) {
        NicSettings wanted;
        try {
            wanted = NicTranslation.of(settings, nic);
        } catch (IllegalArgumentException e) {
            answer.refused(Refusal.BAD_REQUEST, e.getMessage());
            return;
        }
        if (isOfUser(nic) && settings.nics().stream().noneMatch(VmmProcess::isOfUser)) {
            // The filter of system calls that such a process begins with lets it start no program.
            answer.refused(Refusal.UNSUPPORTED,
                    "nic " + nic.id() + " : on a user network (expected: a tap device, as this"
                            + " VM was started with no nic on a user network; give it one and start it anew)");
            return;
        }
        machine.attachNic(wanted, answer);
    }

    private static boolean isOfUser(VmmNic nic) {
        return nic.network() instanceof VmmNic.Network.User;
    }

    @Override
    public void detach(String id, boolean force, Answer answer) {
        machine.detach(id, force, answer);
    }

    @Override
    public void resizeDisk(String id, long sizeBytes, Answer answer) {
        machine.resizeDisk(id, sizeBytes, answer);
    }

    @Override
    public void limitDisk(String id, VmmDisk.Rate rate, Answer answer) {
        DiskRate wanted;
        try {
            wanted = DiskTranslation.of(rate);
        } catch (IllegalArgumentException e) {
            answer.refused(Refusal.BAD_REQUEST, e.getMessage());
            return;
        }
        machine.limitDisk(id, wanted, answer);
    }

    @Override
    public List<VmmCpuidEntry> cpuid() {
        return CpuTranslation.given(machine.cpuid());
    }

    @Override
    public void save(Path file, boolean resume, Answer answer) {
        saving.save(file, resume, answer);
    }

    @Override
    public void cancelSave(Answer answer) {
        saving.cancel(answer);
    }

    @Override
    public MigrationControl migration() {
        return sending;
    }

    @Override
    public ConsoleRing console() {
        return console;
    }

    private VmmEnd describe(MachineEnd end) {
        return switch (end) {
            case MachineEnd.PoweredOff _ -> end(Cause.GUEST_POWERED_OFF, "the guest powered itself off");
            case MachineEnd.Rebooted _ -> end(Cause.GUEST_REBOOTED, "the guest asked for a reboot");
            case MachineEnd.Panicked(String how) -> end(Cause.GUEST_PANICKED, how);
            case MachineEnd.WatchdogExpired(WatchdogAction action) -> end(
                    action == WatchdogAction.POWER_OFF ? Cause.GUEST_POWERED_OFF : Cause.GUEST_REBOOTED,
                    "watchdog: the guest did not feed it");
            case MachineEnd.Killed _ -> end(Cause.KILLED, "stopped from outside");
            case MachineEnd.Failed(String what) -> end(Cause.VMM_FAILED, what);
            case MachineEnd.HostFailed(String what) -> end(Cause.HOST_FAILED, what);
        };
    }

    /** Under the epoch that the guest may run under now. */
    private VmmEnd end(Cause cause, String message) {
        return new VmmEnd(cause, message, machine.epoch(), Instant.now());
    }

    /** Without a machine, or before it was this process's. */
    private static VmmEnd end(VmmSettings settings, Cause cause, String message) {
        return new VmmEnd(cause, message, settings.epoch(), Instant.now());
    }

    private static String describe(IOException e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }

    private static void leave(VmmSettings settings, VmmEnd end, Log log) {
        log.info("ended: " + end.cause() + ", " + end.message());
        try {
            ExitFile.write(settings.exitFile(), end);
        } catch (IOException e) {
            log.error("how the VM ended cannot be written to " + settings.exitFile(), e);
        }
    }

    private record LoggedAnswer(Log log, String what) implements Answer {
        @Override
        public void done() {
            log.info(what + ": done");
        }

        @Override
        public void refused(Refusal reason, String why) {
            log.warn(what + ": " + why);
        }
    }
}
