package io.drover.vmm.process;

import io.drover.proto.vmm.v1.Event;
import io.drover.vmm.accelerator.Accelerator;
import io.drover.vmm.boot.BootSource;
import io.drover.vmm.client.VmmBalloonStatus;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmDiskStatus;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmEnd.Cause;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.client.VmmStatus.State;
import io.drover.vmm.console.ConsoleLog;
import io.drover.vmm.console.ConsoleRing;
import io.drover.vmm.disk.image.DiskFormat;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.linux.BootClock;
import io.drover.vmm.log.Log;
import io.drover.vmm.machine.Answer;
import io.drover.vmm.machine.DiskSettings;
import io.drover.vmm.machine.Machine;
import io.drover.vmm.machine.MachineEnd;
import io.drover.vmm.machine.MachineSettings;
import io.drover.vmm.machine.MachineStartException;
import io.drover.vmm.machine.MachineState;
import io.drover.vmm.virtio.balloon.BalloonState;
import io.drover.vmm.virtio.block.BlockCounts;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One VM with all that belongs to its process: console, control socket, and the file that says how it ended. */
final class VmmProcess implements VmmControl {
    private final VmmSettings settings;
    private final Log log;
    private final long processStartNanos;
    private final ConsoleRing console = new ConsoleRing();
    private final Machine machine;

    private VmmProcess(VmmSettings settings, Accelerator accelerator, Log log)
            throws MachineStartException, IOException {
        this.settings = settings;
        this.log = log;
        this.processStartNanos = BootClock.processStartNanos();
        MachineSettings wanted;
        try {
            wanted = new MachineSettings(settings.vcpus(), settings.memoryBytes(),
                    new BootSource(settings.kernel(), settings.initramfs(), settings.commandLine()),
                    disks(settings), settings.rng(), NicTranslation.of(settings), BalloonTranslation.of(settings));
        } catch (IllegalArgumentException e) {
            throw new MachineStartException(e.getMessage(), e);
        }
        this.machine = Machine.assemble(settings.vm(), wanted, accelerator, console, log);
    }

    private static List<DiskSettings> disks(VmmSettings settings) {
        List<DiskSettings> disks = new ArrayList<>();
        for (VmmDisk disk : settings.disks()) {
            List<DiskImage> images = new ArrayList<>();
            images.add(image(disk.file()));
            for (VmmDisk.File layer : disk.backing()) {
                images.add(image(layer));
            }
            disks.add(new DiskSettings(images, disk.readOnly(), disk.serial(),
                    disk.cache() == VmmDisk.Cache.WRITE_THROUGH, disk.queues()));
        }
        return disks;
    }

    private static DiskImage image(VmmDisk.File file) {
        return new DiskImage(file.path(),
                file.format() == VmmDisk.Format.RAW ? DiskFormat.RAW : DiskFormat.QCOW2);
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
            VmmProcess process = new VmmProcess(settings, accelerator, log);
            try (Machine machine = process.machine) {
                return process.runMachine(machine, stopHook);
            }
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

    private VmmEnd runMachine(Machine running, StopHook stopHook) throws IOException, InterruptedException {
        try (ConsoleLog _ = ConsoleLog.start(console, settings.consoleLog(), settings.consoleLogMaxBytes(),
                log);
                ControlServer server = ControlServer.start(settings.controlSocket(), this, log)) {
            stopHook.armed(() -> running.kill(new LoggedAnswer(log, "stop")));
            log.info("assembled: " + settings.vcpus() + " vCPUs, " + (settings.memoryBytes() >> 20) + " MiB, epoch "
                    + settings.epoch());
            MachineEnd ended = running.run(settings.startPaused(), state -> {
                // The others are steps on the way that mean nothing outside.
                if (!(state instanceof MachineState.Pausing || state instanceof MachineState.Ending)) {
                    VmmStatus status = status();
                    log.info("state " + status.state());
                    server.publish(Event.newBuilder().setStatus(status.toProto()).build());
                }
            });
            VmmEnd end = describe(ended);
            leave(settings, end, log);
            server.publish(Event.newBuilder().setExit(end.toProto()).build());
            return end;
        }
    }

    @Override
    public VmmStatus status() {
        State state = switch (machine.state()) {
            case MachineState.Built _ -> State.STARTING;
            case MachineState.Running _,MachineState.Pausing _ -> State.RUNNING;
            case MachineState.Paused _ -> State.PAUSED;
            case MachineState.Ending _,MachineState.Ended _ -> State.ENDED;
        };
        long entry = machine.firstEntryNanos();
        return new VmmStatus(state, settings.vm(), settings.uid(), settings.epoch(), ProcessHandle.current().pid(),
                entry == 0 ? Optional.empty() : Optional.of(Duration.ofNanos(entry - processStartNanos)),
                settings.vcpus(), settings.memoryBytes(), machine.exits(), diskStatus(), balloonStatus());
    }

    private Optional<VmmBalloonStatus> balloonStatus() {
        Optional<BalloonState> balloon = machine.balloonState();
        return balloon.isPresent() ? Optional.of(BalloonTranslation.status(balloon.get(), settings.memoryBytes()))
                : Optional.empty();
    }

    private List<VmmDiskStatus> diskStatus() {
        List<VmmDiskStatus> disks = new ArrayList<>();
        for (BlockCounts counts : machine.diskCounts()) {
            disks.add(new VmmDiskStatus(counts.reads(), counts.readBytes(), counts.writes(), counts.writtenBytes(),
                    counts.flushes(), counts.discards(), counts.failures()));
        }
        return disks;
    }

    @Override
    public long epoch() {
        return settings.epoch();
    }

    @Override
    public void pause(Answer answer) {
        machine.pause(answer);
    }

    @Override
    public void resume(Answer answer) {
        machine.resume(answer);
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
    public ConsoleRing console() {
        return console;
    }

    private VmmEnd describe(MachineEnd end) {
        return switch (end) {
            case MachineEnd.PoweredOff _ -> end(settings, Cause.GUEST_POWERED_OFF, "the guest powered off");
            case MachineEnd.Rebooted _ -> end(settings, Cause.GUEST_REBOOTED, "the guest asked for a reboot");
            case MachineEnd.Panicked(String how) -> end(settings, Cause.GUEST_PANICKED, how);
            case MachineEnd.Killed _ -> end(settings, Cause.KILLED, "stopped from outside");
            case MachineEnd.Failed(String what) -> end(settings, Cause.VMM_FAILED, what);
        };
    }

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
        public void refused(String why) {
            log.warn(what + ": " + why);
        }
    }
}
