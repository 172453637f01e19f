package io.drover.vmm.machine;

import io.drover.proto.vmm.v1.SavedMachine;
import io.drover.vmm.accelerator.Accelerator;
import io.drover.vmm.accelerator.DirtyLog;
import io.drover.vmm.console.ConsoleRing;
import io.drover.vmm.cpuid.GivenCpuid;
import io.drover.vmm.disk.ImageInUseException;
import io.drover.vmm.disk.TrackedDisk;
import io.drover.vmm.generation.GenerationIdDevice;
import io.drover.vmm.lease.Lease;
import io.drover.vmm.lease.LeaseState;
import io.drover.vmm.lease.Renewal;
import io.drover.vmm.lease.Rise;
import io.drover.vmm.log.Log;
import io.drover.vmm.machine.MachineEvent.DevicesBusy;
import io.drover.vmm.machine.MachineEvent.EndAsked;
import io.drover.vmm.machine.MachineEvent.LeaseChanged;
import io.drover.vmm.machine.MachineEvent.PauseAsked;
import io.drover.vmm.machine.MachineEvent.PauseTriedAgain;
import io.drover.vmm.machine.MachineEvent.ResumeAsked;
import io.drover.vmm.machine.MachineEvent.Started;
import io.drover.vmm.machine.MachineEvent.VcpusGone;
import io.drover.vmm.machine.MachineEvent.VcpusParked;
import io.drover.vmm.machine.MachineState.Transition;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.vcpu.EntryPermit;
import io.drover.vmm.vcpu.Throttle;
import io.drover.vmm.vcpu.VcpuGroup;
import io.drover.vmm.vcpu.VcpuOwner;
import io.drover.vmm.virtio.balloon.BalloonDevice;
import io.drover.vmm.virtio.balloon.BalloonState;
import io.drover.vmm.virtio.console.PortCounts;
import io.drover.vmm.virtio.vsock.VsockCounts;
import io.drover.vmm.watchdog.WatchdogAction;
import io.drover.vmm.watchdog.WatchdogFunction;
import io.drover.vmm.watchdog.WatchdogOwner;
import io.drover.vmm.watchdog.WatchdogState;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/**
 * One machine from its first instruction to its one end. Its state belongs to the thread in {@link #run}, which takes what
 * happens from a queue: vCPUs that meet an end and those who ask for something put it there and never wait for each other.
 */
public final class Machine implements AutoCloseable {
    /** vCPUs come out of the guest within a millisecond; one that takes this long hangs in the host's kernel. */
    private static final Duration VCPU_DEADLINE = Duration.ofSeconds(10);

    /** A request to a disk takes this long when the host's storage hangs. */
    private static final Duration REQUEST_DEADLINE = Duration.ofSeconds(5);

    private final Mainboard board;
    private final VcpuGroup vcpus;
    private final Throttle throttle;
    private final Lease lease;
    private final Log log;
    private final BlockingQueue<Message> inbox = new LinkedBlockingQueue<>();
    private volatile MachineState state = new MachineState.Built();
    /** Said to what the machine's thread may be at before the guest runs. */
    private volatile boolean endAsked;

    /** The guest has stood still, here or before it came here, and has not been told. */
    private boolean stood;

    private Machine(String name, MachineSettings settings, Lease lease, Optional<SavedSource> source,
            Accelerator accelerator, ConsoleRing console, Runnable deviceGone, Log log)
            throws MachineStartException, HostException {
        Ends ends = new Ends();
        this.log = log;
        this.stood = source.isPresent();
        this.board = Mainboard.assemble(settings, source, accelerator, console, ends, ends, deviceGone, log);
        this.lease = lease;
        this.vcpus = new VcpuGroup(name, board.cpus(), settings.vcpuCpus(), ends, new LeasePermit());
        this.throttle = new Throttle(name, vcpus::hold);
    }

    /**
     * Puts a machine together and loads what it boots.
     *
     * @param name
     *            of its threads
     * @param lease
     *            not started; closed with the machine
     * @param accelerator
     *            must stay open until the machine is closed
     * @param console
     *            gets what the guest prints
     * @param deviceGone
     *            hears, on any thread, that the guest has let go of a device, which is closed now
     * @throws MachineStartException
     *             when the settings or the files that it boots cannot be used
     * @throws HostException
     *             when this host cannot do what the settings ask for
     */
    public static Machine assemble(String name, MachineSettings settings, Lease lease, Accelerator accelerator,
            ConsoleRing console, Runnable deviceGone, Log log) throws MachineStartException, HostException {
        return new Machine(name, settings, lease, Optional.empty(), accelerator, console, deviceGone, log);
    }

    /**
     * Puts a machine together that goes on from a saved state; nothing of the guest runs before {@link #run}.
     *
     * @param settings
     *            those of the machine that was saved, but for what the host has for it: files, sockets, networks. What it boots
     *            is not looked at. Another generation id tells the guest that it, or another, has gone on from there before
     * @param lease
     *            as for {@link #assemble}: what was saved has none
     * @param source
     *            of the state and the memory
     * @throws MachineStartException
     *             when the state is none that this code knows, or of another machine
     * @throws HostException
     *             when this host cannot do what the state or the settings ask for
     */
    public static Machine restore(String name, MachineSettings settings, Lease lease, SavedSource source,
            Accelerator accelerator, ConsoleRing console, Runnable deviceGone, Log log)
            throws MachineStartException, HostException {
        return new Machine(name, settings, lease, Optional.of(source), accelerator, console, deviceGone, log);
    }

    /**
     * Runs the machine until its end, on the calling thread. Once.
     *
     * @param startPaused
     *            wait for {@link #resume} before the first instruction
     * @param listener
     *            hears every state after {@link MachineState.Built}
     * @throws InterruptedException
     *             when the calling thread was interrupted; the machine is as it was and nobody answers it any more: close it
     */
    public MachineEnd run(boolean startPaused, MachineListener listener) throws InterruptedException {
        startLease();
        vcpus.start();
        try {
            if (board.prefault(() -> endAsked, log)) {
                apply(new Started(startPaused, lease.state().permits()), NobodyAsked.INSTANCE, listener);
            }
        } catch (HostException e) {
            end(new MachineEnd.HostFailed(e.getMessage()), NobodyAsked.INSTANCE);
        }
        while (true) {
            switch (inbox.take()) {
                case Message.OfEvent(ResumeAsked event, Answer answer) -> {
                    if (holdDisks(answer)) {
                        apply(event, answer, listener);
                    }
                }
                case Message.OfEvent(MachineEvent event, Answer answer) -> apply(current(event), answer, listener);
                case Message.OfTask(StillTask task, Answer answer) -> whileStill(task, answer);
            }
            if (state instanceof MachineState.Ended(MachineEnd end)) {
                for (Message late = inbox.poll(); late != null; late = inbox.poll()) {
                    switch (late) {
                        case Message.OfEvent(MachineEvent event, Answer answer) -> apply(event, answer, listener);
                        case Message.OfTask(StillTask _, Answer answer) ->
                            answer.refused(Refusal.FAILED, "the machine has ended");
                    }
                }
                return end;
            }
        }
    }

    /** Of the guest's memory, so far, before its first instruction. Any thread. */
    public long prefaultedBytes() {
        return board.prefaultedBytes();
    }

    /** What the guest is shown by CPUID. Any thread. */
    public GivenCpuid cpuid() {
        return board.cpuid();
    }

    /** Any thread, at any time. */
    public MachineState state() {
        return state;
    }

    /**
     * Asks for every vCPU to leave the guest and every device to end what it is at; done when the last one has: nothing of the
     * guest changes any more then.
     */
    public void pause(Answer answer) {
        inbox.add(new Message.OfEvent(new PauseAsked(), answer));
    }

    /**
     * The agent has heard that its host owns the VM. Any thread.
     *
     * @param epoch
     *            under which it does; a higher one than this machine's is the end of its running
     * @param untilBootNanos
     *            on CLOCK_BOOTTIME: how long the guest may run on without hearing more
     */
    public void renewLease(long epoch, long untilBootNanos, Answer answer) {
        Renewal renewal = lease.renew(epoch, untilBootNanos);
        // Also when it was only extended: a vCPU may have found it over just before.
        vcpus.permitChanged();
        switch (renewal) {
            case Renewal.Extended() -> answer.done();
            case Renewal.Regained() -> inbox.add(new Message.OfEvent(new LeaseChanged(true), answer));
            case Renewal.WrongEpoch(String why) -> answer.refused(Refusal.WRONG_EPOCH, why);
            case Renewal.Refused(String why) -> answer.refused(Refusal.BAD_REQUEST, why);
        }
    }

    /**
     * The guest may run under another epoch from now on, and under the one before no more; one that needs a lease does not
     * until it has one of that epoch. Any thread.
     *
     * @param epoch
     *            not lower than now
     * @return what became of it; it is in force when this returns
     */
    public Rise raiseEpoch(long epoch) {
        Rise rise = lease.raise(epoch);
        vcpus.permitChanged();
        inbox.add(new Message.OfEvent(new LeaseChanged(lease.state().permits()), NobodyAsked.INSTANCE));
        return rise;
    }

    /** Under which the guest may run. Any thread. */
    public long epoch() {
        return lease.epoch();
    }

    /** Any thread. */
    public LeaseState leaseState() {
        return lease.state();
    }

    /** Asks for the guest to run. */
    public void resume(Answer answer) {
        inbox.add(new Message.OfEvent(new ResumeAsked(), answer));
    }

    /**
     * Does something with the machine while it stands still; done when it was. Refused with FAILED when the machine is not
     * paused, with BUSY when a device is just coming or going, with HOST_FAILED and the reason when it could not be done.
     */
    public void whilePaused(StillTask task, Answer answer) {
        inbox.add(new Message.OfTask(task, answer));
    }

    private void whileStill(StillTask task, Answer answer) throws InterruptedException {
        if (!(state instanceof MachineState.Paused)) {
            answer.refused(Refusal.FAILED, "the machine is not paused (expected: pause it before)");
            return;
        }
        Optional<HotPlug> hotPlug = board.hotPlug();
        if (hotPlug.isPresent() && !hotPlug.get().hold(REQUEST_DEADLINE)) {
            answer.refused(Refusal.BUSY, "a device is being opened or closed; next: ask again in a moment");
            return;
        }
        try {
            task.run(new Still());
            answer.done();
        } catch (IOException e) {
            answer.refused(Refusal.HOST_FAILED, e.getMessage());
        } catch (RuntimeException e) {
            log.error("a paused machine could not be worked on", e);
            answer.refused(Refusal.HOST_FAILED, e.toString());
        } finally {
            if (hotPlug.isPresent()) {
                hotPlug.get().release();
            }
        }
    }

    /**
     * Before the guest may run: its disks may be another's, which is to have given them up. A machine that has them does not
     * notice.
     *
     * @return false when it cannot have them, which was answered
     */
    private boolean holdDisks(Answer answer) {
        if (!(state instanceof MachineState.Paused)) {
            return true;
        }
        try {
            board.holdDisks();
            return true;
        } catch (ImageInUseException e) {
            answer.refused(Refusal.DISK_IN_USE, e.getMessage());
        } catch (IOException e) {
            answer.refused(Refusal.HOST_FAILED, e.getMessage());
        }
        return false;
    }

    /** A disk that can be copied while the guest uses it: it is not read-only, and the guest was not asked for it. Any thread. */
    public Optional<TrackedDisk> copiedDisk(String id) {
        return board.copiedDisk(id);
    }

    /** Makes durable what the guest has written to its disks so far, while it runs on. Takes its time; any thread. */
    public void flushDisksMeanwhile() throws IOException {
        board.flushDisksMeanwhile();
    }

    /** The guest's RAM, until the machine is closed; it changes while the machine is not paused. */
    public GuestMemory memory() {
        return board.memory();
    }

    /** Of that memory. */
    public BackingFile backing() {
        return board.backing();
    }

    /** Which pages of it vCPUs write to. */
    public DirtyLog dirtyLog() {
        return board.dirtyLog();
    }

    /**
     * Holds vCPUs out of the guest for a share of their time. Any thread.
     *
     * @param percent
     *            0 to {@link Throttle#MAX_PERCENT}
     */
    public void throttle(int percent) {
        throttle.set(percent);
    }

    /** Ends the machine without asking the guest; done when no vCPU is in the guest and none will be. */
    public void kill(Answer answer) {
        end(new MachineEnd.Killed(), answer);
    }

    /** Presses the power button, which a guest may heed. */
    public void pressPowerButton() {
        board.pressPowerButton();
    }

    /**
     * Types into the console.
     *
     * @return false when there is no room: the guest has not read what was typed before; nothing has been taken
     */
    public boolean type(byte[] input) {
        return board.type(input);
    }

    /** On {@link io.drover.vmm.linux.BootClock}: when the guest's first instruction ran; 0 before that. */
    public long firstEntryNanos() {
        return vcpus.firstEntryNanos();
    }

    /** Exits from the guest so far, all vCPUs together. */
    public long exits() {
        return vcpus.exits();
    }

    /** The disks, in the order of the settings, then those that came later. Any thread. */
    public List<DiskState> disks() {
        return board.disks();
    }

    /** The nics, as the disks. Any thread. */
    public List<NicState> nics() {
        return board.nics();
    }

    /** Gives the guest one more disk; done when it can find it, or when it is there with these settings. Any thread. */
    public void attachDisk(DiskSettings settings, Answer answer) {
        whereHotPlugIs(answer, hotPlug -> hotPlug.attachDisk(settings, answer));
    }

    /** As {@link #attachDisk}. */
    public void attachNic(NicSettings settings, Answer answer) {
        whereHotPlugIs(answer, hotPlug -> hotPlug.attachNic(settings, answer));
    }

    /**
     * Asks the guest to let go of a disk or nic; done when it was asked, or there is none. Any thread.
     *
     * @param force
     *            do not wait for the guest
     */
    public void detach(String id, boolean force, Answer answer) {
        whereHotPlugIs(answer, hotPlug -> hotPlug.detach(id, force, answer));
    }

    /** Makes a disk larger; done when the guest was told. Any thread. */
    public void resizeDisk(String id, long sizeBytes, Answer answer) {
        whereHotPlugIs(answer, hotPlug -> hotPlug.resize(id, sizeBytes, answer));
    }

    /** Sets how fast a disk may be used; done when that holds, also for what the guest waits for. Any thread. */
    public void limitDisk(String id, DiskRate rate, Answer answer) {
        whereHotPlugIs(answer, hotPlug -> hotPlug.limit(id, rate, answer));
    }

    private void whereHotPlugIs(Answer answer, Consumer<HotPlug> action) {
        Optional<HotPlug> hotPlug = board.hotPlug();
        if (hotPlug.isPresent()) {
            action.accept(hotPlug.get());
        } else {
            answer.refused(Refusal.UNSUPPORTED,
                    "this machine's devices stay as they are (expected: one that was started with hot-plug)");
        }
    }

    /**
     * Asks the guest to do with less memory, or lets it have more; done when it has been asked. Any thread.
     *
     * @param guestBytes
     *            what it is to be left with
     */
    public void setMemoryTarget(long guestBytes, Answer answer) {
        Optional<BalloonDevice> balloon = board.balloon();
        if (balloon.isEmpty()) {
            answer.refused(Refusal.UNSUPPORTED, "the machine has no balloon (expected: one, as it is started with)");
            return;
        }
        try {
            balloon.get().setTarget(guestBytes);
        } catch (IllegalArgumentException e) {
            answer.refused(Refusal.BAD_REQUEST, e.getMessage());
            return;
        }
        answer.done();
    }

    /** The balloon as it is now, if there is one. Any thread. */
    public Optional<BalloonState> balloonState() {
        Optional<BalloonDevice> balloon = board.balloon();
        return balloon.isPresent() ? Optional.of(balloon.get().state()) : Optional.empty();
    }

    /** What each port of the virtio console device has done so far, its console first. Any thread. */
    public List<PortCounts> consolePorts() {
        return board.consolePorts();
    }

    /** What the socket device has done so far, if there is one. Any thread. */
    public Optional<VsockCounts> vsockCounts() {
        return board.vsockCounts();
    }

    /** What its source of entropy has given the guest; empty without one. Any thread. */
    public OptionalLong rngBytes() {
        return board.rngBytes();
    }

    /**
     * Tells the guest that it goes on from a state from which it, or another, has gone on before: after its memory and devices
     * were restored, best before it is resumed. Any thread.
     *
     * @param id
     *            a new one, drawn at random
     * @return false when the machine was made without one; nothing has changed then
     */
    public boolean changeGenerationId(UUID id) {
        Optional<GenerationIdDevice> device = board.generationId();
        if (device.isPresent()) {
            device.get().change(id);
        }
        return device.isPresent();
    }

    /** The watchdog as it is now, if there is one. Any thread. */
    public Optional<WatchdogState> watchdogState() {
        Optional<WatchdogFunction> watchdog = board.watchdog();
        return watchdog.isPresent() ? Optional.of(watchdog.get().state()) : Optional.empty();
    }

    /** Ends what still runs and gives the guest's memory back. */
    @Override
    public void close() {
        throttle.close();
        lease.close();
        vcpus.close();
        board.close();
    }

    private void startLease() {
        try {
            lease.start(this::leaseLost);
        } catch (IOException e) {
            end(new MachineEnd.Failed("its lease cannot be watched: " + e.getMessage()), NobodyAsked.INSTANCE);
        }
    }

    /** First the vCPUs, at once, then what takes its time. */
    private void leaseLost() {
        vcpus.permitChanged();
        inbox.add(new Message.OfEvent(new LeaseChanged(false), NobodyAsked.INSTANCE));
    }

    /** Threads that tell of the lease may overtake each other: what it is now counts. */
    private MachineEvent current(MachineEvent event) {
        return event instanceof LeaseChanged ? new LeaseChanged(lease.state().permits()) : event;
    }

    private void end(MachineEnd end, Answer answer) {
        endAsked = true;
        // At once, so that the guest does not run on until the machine's thread comes to it.
        vcpus.leave();
        inbox.add(new Message.OfEvent(new EndAsked(end), answer));
    }

    private void apply(MachineEvent event, Answer answer, MachineListener listener) throws InterruptedException {
        switch (MachineState.next(state, event)) {
            case Transition.To(MachineState next) -> {
                state = next;
                listener.changed(next);
                enter(next, answer, listener);
            }
            case Transition.Stay _ -> answer.done();
            case Transition.Refused(String why) -> answer.refused(Refusal.FAILED, why);
        }
    }

    /** Does what a state stands for. */
    private void enter(MachineState entered, Answer answer, MachineListener listener) throws InterruptedException {
        switch (entered) {
            case MachineState.Built _,MachineState.Paused _,MachineState.Ended _ -> answer.done();
            case MachineState.Running _ -> {
                if (stood) {
                    board.tellStopped();
                    stood = false;
                }
                board.resumeDevices();
                board.time().run();
                vcpus.resume();
                answer.done();
            }
            case MachineState.Pausing _ -> {
                stood = true;
                board.time().stop();
                if (vcpus.pause(VCPU_DEADLINE)) {
                    if (board.pauseDevices(REQUEST_DEADLINE)) {
                        apply(new VcpusParked(), answer, listener);
                    } else {
                        apply(new DevicesBusy(), NobodyAsked.INSTANCE, listener);
                        stayOutOfTheGuest();
                        answer.refused(Refusal.BUSY, "a request to a disk did not end within " + REQUEST_DEADLINE
                                + (state instanceof MachineState.Pausing ? ": devices are not at rest"
                                        : ": the guest runs on")
                                + "; next: look at the host's storage, or ask again");
                    }
                } else {
                    String what = "a vCPU did not leave the guest within " + VCPU_DEADLINE;
                    end(new MachineEnd.Failed(what), NobodyAsked.INSTANCE);
                    answer.refused(Refusal.FAILED, what);
                }
            }
            case MachineState.Ending _ -> {
                board.time().stop();
                vcpus.leave();
                if (!vcpus.join(VCPU_DEADLINE)) {
                    log.error("a vCPU did not leave the guest within " + VCPU_DEADLINE
                            + "; it does when the process ends");
                }
                apply(new VcpusGone(), answer, listener);
            }
        }
    }

    /** The vCPUs are out and stay there, as there is no lease; devices that hang are waited for between other things. */
    private void stayOutOfTheGuest() {
        if (state instanceof MachineState.Pausing) {
            log.warn("a request to a disk did not end within " + REQUEST_DEADLINE
                    + ", and the lease is over: the guest does not run; trying again");
            inbox.add(new Message.OfEvent(new PauseTriedAgain(), NobodyAsked.INSTANCE));
        }
    }

    private sealed interface Message {
        record OfEvent(MachineEvent event, Answer answer) implements Message {}

        record OfTask(StillTask task, Answer answer) implements Message {}
    }

    /** This machine, for as long as a task runs. */
    private final class Still implements StillMachine {
        @Override
        public SavedMachine state() throws IOException {
            return board.save();
        }

        @Override
        public void flushDisks() throws IOException {
            board.flushDisks();
        }

        @Override
        public void releaseDisks(Set<String> kept) throws IOException {
            board.releaseDisks(kept);
        }

        @Override
        public GuestMemory memory() {
            return board.memory();
        }

        @Override
        public BackingFile backing() {
            return board.backing();
        }

        @Override
        public boolean isEnding() {
            return endAsked;
        }
    }

    /** vCPUs run while the lease lasts, whatever the machine's thread is at. */
    private final class LeasePermit implements EntryPermit {
        @Override
        public boolean given() {
            return lease.permits();
        }

        @Override
        public void interrupted() {
            lease.look();
        }
    }

    /** For what the guest does, and what follows from something else. */
    private enum NobodyAsked implements Answer {
        INSTANCE;

        @Override
        public void done() {
            // The listener has heard of it.
        }

        @Override
        public void refused(Refusal reason, String why) {
            // As of an end that came second.
        }
    }

    /** The ends that come from within. */
    private final class Ends implements VcpuOwner, WatchdogOwner {
        @Override
        public void powerOff() {
            end(new MachineEnd.PoweredOff(), NobodyAsked.INSTANCE);
        }

        @Override
        public void reset() {
            end(new MachineEnd.Rebooted(), NobodyAsked.INSTANCE);
        }

        @Override
        public void watchdogExpired(WatchdogAction action) {
            end(new MachineEnd.WatchdogExpired(action), NobodyAsked.INSTANCE);
        }

        @Override
        public void panicked(String how) {
            end(new MachineEnd.Panicked(how), NobodyAsked.INSTANCE);
        }

        @Override
        public void failed(String what) {
            end(new MachineEnd.Failed(what), NobodyAsked.INSTANCE);
        }
    }
}
