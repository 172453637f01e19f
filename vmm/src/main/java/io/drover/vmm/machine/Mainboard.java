package io.drover.vmm.machine;

import io.drover.proto.vmm.v1.SavedBoard;
import io.drover.proto.vmm.v1.SavedCpu;
import io.drover.proto.vmm.v1.SavedCpuidEntry;
import io.drover.proto.vmm.v1.SavedHotPlug;
import io.drover.proto.vmm.v1.SavedMachine;
import io.drover.proto.vmm.v1.SavedMemorySlot;
import io.drover.vmm.accelerator.Accelerator;
import io.drover.vmm.accelerator.DirtyLog;
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
import io.drover.vmm.disk.TrackedDisk;
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
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
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
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
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
    private final Uart16550 serial;
    private final CmosRtc clock;
    private final PciConfigPorts pciPorts;
    private Optional<GeneralEvents> events = Optional.empty();
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
        serial = new Uart16550(partition.line(Uart16550.COM1_IRQ), shownConsole::serialPrints,
                shownConsole::room);
        shownConsole.connectSerial(serial::offer);
        powerManagement = new AcpiPowerManagement(sci.input(), power, System::nanoTime);
        clock = clock(partition.line(CmosRtc.IRQ));
        pciPorts = new PciConfigPorts(pci, new ResetRegister(power));
        I8042 keyboard = new I8042(power);
        ports.register(Uart16550.COM1_PORT, Uart16550.PORTS, "COM1", serial);
        ports.register(CmosRtc.PORT, CmosRtc.PORTS, "RTC", clock);
        ports.register(I8042.DATA_PORT, 1, "i8042 data", keyboard.dataPort());
        ports.register(I8042.COMMAND_PORT, 1, "i8042 command", keyboard);
        ports.register(Pvpanic.PORT, Pvpanic.PORTS, "pvpanic", new Pvpanic(power));
        ports.register(AcpiPowerManagement.PORT, AcpiPowerManagement.PORTS, "ACPI", powerManagement);
        ports.register(PciConfigPorts.PORT, PciConfigPorts.PORTS, "PCI and reset", pciPorts);
    }

    /**
     * Puts it together.
     *
     * @param source
     *            what it goes on from; empty: it boots
     * @param power
     *            hears of the guest's wishes on vCPU threads
     * @param watchdogOwner
     *            does what the watchdog says, if there is one
     * @param deviceGone
     *            hears, on any thread, that there is a device less
     */
    static Mainboard assemble(MachineSettings settings, Optional<SavedSource> source, Accelerator accelerator,
            ConsoleRing console, PowerControl power, WatchdogOwner watchdogOwner, Runnable deviceGone, Log log)
            throws MachineStartException, HostException {
        HostMemory.check(settings.memoryBytes());
        try {
            Mainboard board = build(settings, accelerator, console, power);
            try {
                board.prepare(settings, source, accelerator, watchdogOwner, deviceGone, log);
                return board;
            } catch (BootException | GuestAddressException | IOException | RuntimeException e) {
                board.close();
                throw e;
            }
        } catch (BootException | GuestAddressException | SavedStateException e) {
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
    private void prepare(MachineSettings settings, Optional<SavedSource> source, Accelerator accelerator,
            WatchdogOwner watchdogOwner, Runnable deviceGone, Log log)
            throws BootException, GuestAddressException, IOException {
        Optional<SavedMachine> saved = Optional.empty();
        if (source.isPresent()) {
            saved = Optional.of(source.get().restore(memory));
            SavedShape.check(saved.get(), settings, memory);
        }
        Optional<PciWindows> windows = Optional.empty();
        if (settings.hasPci()) {
            windows = Optional.of(PciWindows.of(memory));
            PciDevices devices = PciDevices.plug(settings, memory, partition, pci, mmio, saved,
                    source.isPresent() ? source.get()::open : PciDevices.DiskSource.IMAGES, log);
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
        if (saved.isPresent()) {
            makeCpus(saved.get(), accelerator);
            load(saved.get());
            if (settings.generationId().isPresent()) {
                // After the interrupt controllers, which an edge goes to if the id is another.
                generationId = Optional.of(GenerationIdDevice.goOn(memory, partition.line(GenerationIdDevice.IRQ),
                        settings.generationId().get()));
            }
            return;
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

    /** They show the guest what theirs did. */
    private void makeCpus(SavedMachine saved, Accelerator accelerator) throws IOException {
        CpuidOptions options = new CpuidOptions(accelerator.hasTscDeadlineTimer(), HostModel.read());
        List<CpuidEntry> host = CpuModel.ofHost(accelerator.supportedCpuid(), options);
        for (SavedCpu cpu : saved.getCpusList()) {
            List<CpuidEntry> shown = new ArrayList<>();
            for (SavedCpuidEntry entry : cpu.getCpuidList()) {
                shown.add(new CpuidEntry(entry.getFunction(), entry.getIndex(), entry.getFlags(), entry.getEax(),
                        entry.getEbx(), entry.getEcx(), entry.getEdx()));
            }
            GivenCpuid given = new GivenCpuid(shown);
            List<String> lacking = given.lackedBy(host);
            if (!lacking.isEmpty()) {
                throw new HostException("this host's CPU has not all that the guest was shown: "
                        + String.join(", ", lacking));
            }
            if (cpus.isEmpty()) {
                cpuid = given;
            }
            cpus.add(partition.createCpu(cpus.size(), shown));
        }
    }

    /**
     * Makes everything what it was: the CPUs, then what interrupts go through on their way to them, then the devices, which
     * assert their lines again. The guest's clocks go on by as much as has gone by.
     */
    private void load(SavedMachine saved) throws IOException {
        long away = Math.max(unixNanos() - saved.getSavedUnixNanos(), 0);
        for (int index = 0; index < cpus.size(); index++) {
            cpus.get(index).load(saved.getCpus(index), away);
        }
        partition.load(saved.getChips(), away);
        SavedBoard board = saved.getBoard();
        time.begin(Math.max(board.getGuestNanos(), 0));
        serial.load(board.getSerial());
        clock.load(board.getRtc());
        powerManagement.load(board.getPowerManagement(), away);
        pciPorts.load(board);
        shownConsole.setHandedOver(board.getVirtioConsoleShown());
        if (events.isPresent() && hotPlug.isPresent()) {
            events.get().load(board.getHotPlug());
            hotPlug.get().registers().load(board.getHotPlug());
        }
        if (pciDevices.isPresent()) {
            pciDevices.get().load(saved.getFunctionsList());
        }
    }

    /**
     * All that the guest has, but its memory and disks. When no vCPU runs, the devices are still, and none comes or goes.
     *
     * @throws IOException
     *             when it cannot be told just now
     */
    SavedMachine save() throws IOException {
        SavedMachine.Builder saved = SavedMachine.newBuilder().setFormat(SavedStates.FORMAT).setVcpus(cpus.size())
                .setMemoryBytes(memory.size());
        for (MemoryRegion region : memory.regions()) {
            saved.addMemorySlots(
                    SavedMemorySlot.newBuilder().setAddress(region.address()).setBytes(region.length()));
        }
        // Devices first: to be still, one may have interrupted.
        if (pciDevices.isPresent()) {
            saved.addAllFunctions(pciDevices.get().save());
        }
        SavedBoard.Builder board = SavedBoard.newBuilder().setVersion(SavedStates.VERSION)
                .setGuestNanos(time.nanos()).setSerial(serial.save()).setRtc(clock.save())
                .setPowerManagement(powerManagement.save()).setVirtioConsoleShown(shownConsole.isHandedOver())
                .setGenerationId(generationId.isPresent());
        pciPorts.save(board);
        if (events.isPresent() && hotPlug.isPresent()) {
            SavedHotPlug.Builder slots = SavedHotPlug.newBuilder().setVersion(SavedStates.VERSION);
            events.get().save(slots);
            hotPlug.get().registers().save(slots);
            board.setHotPlug(slots);
        }
        saved.setBoard(board);
        for (VirtualCpu cpu : cpus) {
            saved.addCpus(cpu.save());
        }
        return saved.setChips(partition.save()).setSavedUnixNanos(unixNanos()).build();
    }

    private static long unixNanos() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    /** When the devices are still. */
    void flushDisks() throws IOException {
        if (pciDevices.isPresent()) {
            pciDevices.get().flushDisks();
        }
    }

    /** As {@link StillMachine#releaseDisks}. When the devices are still. */
    void releaseDisks(Set<String> kept) throws IOException {
        if (pciDevices.isPresent()) {
            pciDevices.get().releaseDisks(kept);
        }
    }

    /** Has the images of all disks for this machine: before it runs. */
    void holdDisks() throws IOException {
        if (pciDevices.isPresent()) {
            pciDevices.get().holdDisks();
        }
    }

    /** As {@link Machine#flushDisksMeanwhile}. */
    void flushDisksMeanwhile() throws IOException {
        if (pciDevices.isPresent()) {
            for (TrackedDisk disk : pciDevices.get().writableDisks()) {
                disk.flushMeanwhile();
            }
        }
    }

    /** As {@link Machine#copiedDisk}. */
    Optional<TrackedDisk> copiedDisk(String id) {
        return pciDevices.isPresent() ? pciDevices.get().copiedDisk(id) : Optional.empty();
    }

    /** Tells a guest that listens that it was stopped. When no vCPU runs. */
    void tellStopped() {
        for (VirtualCpu cpu : cpus) {
            cpu.tellStopped();
        }
    }

    /** What vCPUs write. */
    DirtyLog dirtyLog() {
        return partition.dirtyLog();
    }

    GuestMemory memory() {
        return memory;
    }

    BackingFile backing() {
        return backing;
    }

    private void makeHotPlug(PciDevices devices, Runnable deviceGone, Log log) {
        GeneralEvents block = new GeneralEvents(sci.input());
        HotPlug made = new HotPlug(devices, () -> block.raise(GeneralEvents.HOT_PLUG), deviceGone, log);
        ports.register(GeneralEvents.PORT, GeneralEvents.PORTS, "ACPI events", block);
        ports.register(SlotRegisters.PORT, SlotRegisters.PORTS, "PCI slots", made.registers());
        events = Optional.of(block);
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

    List<NicState> nics() {
        return pciDevices.isPresent() ? pciDevices.get().nics() : List.of();
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

    OptionalLong rngBytes() {
        return pciDevices.isPresent() ? pciDevices.get().rngBytes() : OptionalLong.empty();
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
