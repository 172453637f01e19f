package io.drover.vmm.machine;

import io.drover.vmm.accelerator.Accelerator;
import io.drover.vmm.accelerator.Partition;
import io.drover.vmm.accelerator.VirtualCpu;
import io.drover.vmm.acpi.AcpiTables;
import io.drover.vmm.boot.BootException;
import io.drover.vmm.boot.BootLoader;
import io.drover.vmm.boot.EntryState;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.console.ConsoleInput;
import io.drover.vmm.console.ConsoleRing;
import io.drover.vmm.console.ShownConsole;
import io.drover.vmm.cpuid.CpuModel;
import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.cpuid.CpuidOptions;
import io.drover.vmm.cpuid.GivenCpuid;
import io.drover.vmm.cpuid.GuestCpuid;
import io.drover.vmm.cpuid.HostModel;
import io.drover.vmm.generation.GenerationIdDevice;
import io.drover.vmm.i8042.I8042;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.SharedLine;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.log.Log;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.MemoryRegion;
import io.drover.vmm.pci.PciBus;
import io.drover.vmm.pci.PciConfigPorts;
import io.drover.vmm.pci.PciWindows;
import io.drover.vmm.pci.SlotRegisters;
import io.drover.vmm.power.AcpiPowerManagement;
import io.drover.vmm.power.GeneralEvents;
import io.drover.vmm.power.PowerControl;
import io.drover.vmm.power.ResetRegister;
import io.drover.vmm.pvpanic.Pvpanic;
import io.drover.vmm.rtc.CmosRtc;
import io.drover.vmm.serial.Uart16550;
import io.drover.vmm.timer.GuestTime;
import io.drover.vmm.timer.TimerThread;
import io.drover.vmm.virtio.balloon.BalloonDevice;
import io.drover.vmm.virtio.console.PortCounts;
import io.drover.vmm.virtio.vsock.VsockCounts;
import io.drover.vmm.watchdog.WatchdogFunction;
import io.drover.vmm.watchdog.WatchdogOwner;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** What a machine is made of: memory, CPUs, buses and the devices on them, with the kernel loaded. */
final class Mainboard implements AutoCloseable {
    private final Arena arena;
    private final GuestMemory memory;
    private final GuestRam ram;
    private final BackingFile backing;
    private final Partition partition;
    private final List<VirtualCpu> cpus = new ArrayList<>();
    private final AcpiPowerManagement powerManagement;
    private final TimerThread timer = new TimerThread();
    private final GuestTime time = new GuestTime(System::nanoTime, timer);
    private final ConsoleInput consoleInput = new ConsoleInput();
    private final ShownConsole shownConsole;
    private final IoBus mmio;
    private final PciBus pci = new PciBus();
    private final SharedLine sci;
    private final IoBus ports;
    /** Whole once the machine is. */
    private GivenCpuid cpuid = new GivenCpuid(List.of());
    private Optional<PciDevices> pciDevices = Optional.empty();
    private Optional<HotPlug> hotPlug = Optional.empty();
    private Optional<GenerationIdDevice> generationId = Optional.empty();

    private Mainboard(Arena arena, GuestRam ram, GuestMemory memory, BackingFile backing, Partition partition,
            IoBus ports, IoBus mmio, ConsoleRing console, PowerControl power) {
        this.arena = arena;
        this.ram = ram;
        this.memory = memory;
        this.backing = backing;
        this.partition = partition;
        this.ports = ports;
        this.mmio = mmio;
        this.sci = new SharedLine(partition.line(AcpiPowerManagement.SCI_IRQ));
        shownConsole = new ShownConsole(console, consoleInput);
        Uart16550 serial = new Uart16550(partition.line(Uart16550.COM1_IRQ), shownConsole::serialPrints,
                shownConsole::room);
        shownConsole.connectSerial(serial::offer);
        powerManagement = new AcpiPowerManagement(sci.input(), power, System::nanoTime);
        I8042 keyboard = new I8042(power);
        ports.register(Uart16550.COM1_PORT, Uart16550.PORTS, "COM1", serial);
        ports.register(CmosRtc.PORT, CmosRtc.PORTS, "RTC", clock(partition.line(CmosRtc.IRQ)));
        ports.register(I8042.DATA_PORT, 1, "i8042 data", keyboard.dataPort());
        ports.register(I8042.COMMAND_PORT, 1, "i8042 command", keyboard);
        ports.register(Pvpanic.PORT, Pvpanic.PORTS, "pvpanic", new Pvpanic(power));
        ports.register(AcpiPowerManagement.PORT, AcpiPowerManagement.PORTS, "ACPI", powerManagement);
        ports.register(PciConfigPorts.PORT, PciConfigPorts.PORTS, "PCI and reset",
                new PciConfigPorts(pci, new ResetRegister(power)));
    }

    /**
     * Puts it together.
     *
     * @param power
     *            hears of the guest's wishes on vCPU threads
     * @param watchdogOwner
     *            does what the watchdog says, if there is one
     * @param deviceGone
     *            hears, on any thread, that there is a device less
     */
    static Mainboard assemble(MachineSettings settings, Accelerator accelerator, ConsoleRing console,
            PowerControl power, WatchdogOwner watchdogOwner, Runnable deviceGone, Log log)
            throws MachineStartException, HostException {
        HostMemory.check(settings.memoryBytes());
        try {
            Mainboard board = build(settings, accelerator, console, power);
            try {
                board.prepare(settings, accelerator, watchdogOwner, deviceGone, log);
                return board;
            } catch (BootException | GuestAddressException | IOException | RuntimeException e) {
                board.close();
                throw e;
            }
        } catch (BootException | GuestAddressException e) {
            throw new MachineStartException(e.getMessage(), e);
        } catch (HostException e) {
            throw e;
        } catch (IOException e) {
            throw new HostException("this host cannot make the machine: " + e.getMessage(), e);
        }
    }

    private static Mainboard build(MachineSettings settings, Accelerator accelerator, ConsoleRing console,
            PowerControl power) throws IOException {
        int maxCpus = accelerator.maxCpus();
        if (settings.vcpus() > maxCpus) {
            throw new HostException(
                    "vcpus : " + settings.vcpus() + " (expected: at most " + maxCpus + " on this host)");
        }
        Arena arena = Arena.ofShared();
        Optional<FileHandle> file = Optional.empty();
        try {
            GuestRam ram = GuestRam.map(settings.memoryBytes(), settings.memory(), arena);
            file = Optional.of(ram.mapped().file());
            GuestMemory memory = ram.mapped().memory();
            BackingFile backing = new BackingFile(ram.mapped().file(), memory);
            IoBus ports = new IoBus();
            IoBus mmio = new IoBus();
            Partition partition = accelerator.createPartition(memory.regions(), ports, mmio);
            return new Mainboard(arena, ram, memory, backing, partition, ports, mmio, console, power);
        } catch (IOException | RuntimeException e) {
            if (file.isPresent()) {
                file.get().close();
            }
            arena.close();
            throw e;
        }
    }

    /** Plugs devices in, loads what is booted and makes the CPUs. */
    private void prepare(MachineSettings settings, Accelerator accelerator, WatchdogOwner watchdogOwner,
            Runnable deviceGone, Log log)
            throws BootException, GuestAddressException, IOException {
        Optional<PciWindows> windows = Optional.empty();
        if (settings.hasPci()) {
            windows = Optional.of(PciWindows.of(memory));
            PciDevices devices = PciDevices.plug(settings, memory, partition, pci, mmio, log);
            pciDevices = Optional.of(devices);
            if (settings.console().isPresent()) {
                devices.plugConsole(settings.console().get(), shownConsole);
            }
            if (settings.balloon().isPresent()) {
                devices.plugBalloon(settings.balloon().get(), backing);
            }
            if (settings.hotPlug()) {
                makeHotPlug(devices, deviceGone, log);
            }
            if (settings.watchdog().isPresent()) {
                pciDevices.get().plugWatchdog(settings.watchdog().get(), time, watchdogOwner);
            }
        }
        if (settings.generationId().isPresent()) {
            generationId = Optional.of(new GenerationIdDevice(memory, partition.line(GenerationIdDevice.IRQ),
                    settings.generationId().get()));
        }
        EntryState entry = BootLoader.load(memory, settings.boot(),
                AcpiTables.write(memory, settings.vcpus(), windows, settings.hotPlug(), generationId.isPresent()));
        makeCpus(settings, accelerator);
        cpus.getFirst().setEntry(entry);
    }

    private void makeCpus(MachineSettings settings, Accelerator accelerator) throws IOException {
        cpuid = cpuid(settings, accelerator);
        for (int index = 0; index < settings.vcpus(); index++) {
            cpus.add(partition.createCpu(index, cpuid.forVcpu(index)));
        }
    }

    private static GivenCpuid cpuid(MachineSettings settings, Accelerator accelerator) throws IOException {
        List<CpuidEntry> supported = accelerator.supportedCpuid();
        CpuidOptions options = new CpuidOptions(accelerator.hasTscDeadlineTimer(), HostModel.read());
        if (settings.cpuid().isPresent()) {
            List<String> lacking = settings.cpuid().get().lackedBy(CpuModel.ofHost(supported, options));
            if (!lacking.isEmpty()) {
                throw new HostException("this host's CPU has no longer all that the guest was shown when it was started"
                        + " (stop it and start it, for it to find the CPU as it is now): "
                        + String.join(", ", lacking));
            }
            return settings.cpuid().get();
        }
        if (settings.cpuModel().isPresent()) {
            CpuModel model = settings.cpuModel().get();
            List<String> lacking = model.lackedBy(CpuModel.ofHost(supported, options));
            if (!lacking.isEmpty()) {
                throw new HostException("this host's CPU has not all of the CPU model " + model.name() + ": "
                        + String.join(", ", lacking));
            }
            supported = model.entries();
            options = model.options();
        }
        return new GivenCpuid(GuestCpuid.of(supported, 0, settings.vcpus(), options));
    }

    private void makeHotPlug(PciDevices devices, Runnable deviceGone, Log log) {
        GeneralEvents events = new GeneralEvents(sci.input());
        HotPlug made = new HotPlug(devices, () -> events.raise(GeneralEvents.HOT_PLUG), deviceGone, log);
        ports.register(GeneralEvents.PORT, GeneralEvents.PORTS, "ACPI events", events);
        ports.register(SlotRegisters.PORT, SlotRegisters.PORTS, "PCI slots", made.registers());
        hotPlug = Optional.of(made);
    }

    private CmosRtc clock(InterruptLine line) {
        MemoryRegion low = memory.regions().getFirst();
        return new CmosRtc(InstantSource.system(), line, timer, low.length(), memory.size() - low.length());
    }

    /** What the guest is shown. */
    GivenCpuid cpuid() {
        return cpuid;
    }

    /** As {@link GuestRam#prefault}. */
    boolean prefault(BooleanSupplier cancelled, Log log) throws HostException {
        return ram.prefault(cancelled, log);
    }

    long prefaultedBytes() {
        return ram.prefaultedBytes();
    }

    List<VirtualCpu> cpus() {
        return List.copyOf(cpus);
    }

    List<DiskState> disks() {
        return pciDevices.isPresent() ? pciDevices.get().disks() : List.of();
    }

    /** If devices may come and go. */
    Optional<HotPlug> hotPlug() {
        return hotPlug;
    }

    /**
     * Has all devices end what they are at and begin nothing more. When no vCPU runs.
     *
     * @return false when one did not come to an end in time: all go on
     */
    boolean pauseDevices(Duration deadline) throws InterruptedException {
        return pciDevices.isEmpty() || pciDevices.get().pause(deadline);
    }

    void resumeDevices() {
        if (pciDevices.isPresent()) {
            pciDevices.get().resume();
        }
    }

    Optional<BalloonDevice> balloon() {
        return pciDevices.isPresent() ? pciDevices.get().balloon() : Optional.empty();
    }

    List<PortCounts> consolePorts() {
        return pciDevices.isPresent() ? pciDevices.get().consolePorts() : List.of();
    }

    Optional<VsockCounts> vsockCounts() {
        return pciDevices.isPresent() ? pciDevices.get().vsockCounts() : Optional.empty();
    }

    Optional<GenerationIdDevice> generationId() {
        return generationId;
    }

    Optional<WatchdogFunction> watchdog() {
        return pciDevices.isPresent() ? pciDevices.get().watchdog() : Optional.empty();
    }

    /** Stands until the machine first runs. */
    GuestTime time() {
        return time;
    }

    void pressPowerButton() {
        powerManagement.pressPowerButton();
    }

    boolean type(byte[] data) {
        return consoleInput.type(data);
    }

    /** After the vCPUs' threads have ended and nobody types any more. */
    @Override
    public void close() {
        timer.close();
        if (hotPlug.isPresent()) {
            hotPlug.get().close();
        }
        if (pciDevices.isPresent()) {
            pciDevices.get().close();
        }
        for (VirtualCpu cpu : cpus) {
            cpu.close();
        }
        partition.close();
        arena.close();
        backing.close();
    }
}
