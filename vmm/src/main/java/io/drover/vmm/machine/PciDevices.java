package io.drover.vmm.machine;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.accelerator.Partition;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.console.ShownConsole;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.log.Log;
import io.drover.vmm.machine.PluggedDevice.Kind;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.pci.PciBus;
import io.drover.vmm.pci.PciRoot;
import io.drover.vmm.pci.PciWindows;
import io.drover.vmm.timer.GuestTime;
import io.drover.vmm.virtio.VirtioDevice;
import io.drover.vmm.virtio.VirtioPciFunction;
import io.drover.vmm.virtio.balloon.BalloonDevice;
import io.drover.vmm.virtio.block.BlockDevice;
import io.drover.vmm.virtio.console.ConsoleDevice;
import io.drover.vmm.virtio.console.PortCounts;
import io.drover.vmm.virtio.console.Terminal;
import io.drover.vmm.virtio.net.NetDevice;
import io.drover.vmm.virtio.rng.RngDevice;
import io.drover.vmm.virtio.vsock.VsockCounts;
import io.drover.vmm.virtio.vsock.VsockDevice;
import io.drover.vmm.watchdog.WatchdogAction;
import io.drover.vmm.watchdog.WatchdogFunction;
import io.drover.vmm.watchdog.WatchdogOwner;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is on a machine's PCI bus. Only a machine that has the bus loads this class, and those of the devices. Devices come and go
 * on one thread at a time; the list of them is guarded by this object's lock.
 */
final class PciDevices implements AutoCloseable {
    private final GuestMemory memory;
    private final Partition partition;
    private final PciRoot root;
    private final Log log;
    private final int vcpus;
    /** Those that stay. */
    private final List<VirtioPciFunction> fixed = new ArrayList<>();
    private Optional<ConsoleDevice> console = Optional.empty();
    private Optional<VsockDevice> vsock = Optional.empty();
    private Optional<BalloonDevice> balloon = Optional.empty();
    @GuardedBy("this")
    private final Map<String, PluggedDevice> devices = new LinkedHashMap<>();
    private Optional<WatchdogFunction> watchdog = Optional.empty();

    private PciDevices(int vcpus, GuestMemory memory, Partition partition, PciBus bus, IoBus mmio, Log log) {
        this.vcpus = vcpus;
        this.memory = memory;
        this.partition = partition;
        this.log = log;
        List<InterruptLine> lines = new ArrayList<>();
        for (int gsi = 0; gsi < PciWindows.GSIS; gsi++) {
            lines.add(partition.line(PciWindows.FIRST_GSI + gsi));
        }
        this.root = new PciRoot(bus, mmio, partition.messageInterrupts(), lines);
    }

    /**
     * Makes and plugs in everything that the settings ask for.
     *
     * @throws IOException
     *             when a disk or tap device cannot be opened, or this host has no more of what a device needs
     */
    static PciDevices plug(MachineSettings settings, GuestMemory memory, Partition partition, PciBus bus, IoBus mmio,
            Log log) throws IOException {
        PciDevices devices = new PciDevices(settings.vcpus(), memory, partition, bus, mmio, log);
        boolean plugged = false;
        try {
            for (DiskSettings disk : settings.disks()) {
                devices.plugDisk(disk);
            }
            for (NicSettings nic : settings.nics()) {
                devices.plugNic(nic);
            }
            if (settings.vsock().isPresent()) {
                devices.plugVsock(settings.vsock().get());
            }
            if (settings.rng()) {
                devices.fixed.add(devices.plug("rng", new RngDevice()));
            }
            plugged = true;
            return devices;
        } finally {
            if (!plugged) {
                devices.close();
            }
        }
    }

    Optional<BalloonDevice> balloon() {
        return balloon;
    }

    List<PortCounts> consolePorts() {
        return console.isPresent() ? console.get().counts() : List.of();
    }

    Optional<VsockCounts> vsockCounts() {
        return vsock.map(VsockDevice::counts);
    }

    Optional<WatchdogFunction> watchdog() {
        return watchdog;
    }

    /** Puts a disk on the bus; the guest is not told. */
    PluggedDevice plugDisk(DiskSettings settings) throws IOException {
        Disk disk = DiskImage.open(settings.images(), settings.readOnly());
        String name = "disk " + settings.id();
        BlockDevice device = new BlockDevice(disk, settings.serial(), settings.queuesFor(vcpus),
                !settings.writeThrough(), settings.rate().limit(), name, log);
        return added(new PluggedDevice(new Kind.OfDisk(settings, disk, device), plug(name, device)));
    }

    /** Puts a nic on the bus and starts its network; the guest is not told. */
    PluggedDevice plugNic(NicSettings settings) throws IOException {
        String name = "nic " + settings.id();
        NetDevice nic = NicPlug.make(name, settings, log);
        VirtioPciFunction function = plug(name, nic);
        nic.start(function::configurationChanged);
        return added(new PluggedDevice(new Kind.OfNic(settings, nic), function));
    }

    /**
     * Plugs a balloon in, once.
     *
     * @param backing
     *            of the machine's memory
     */
    void plugBalloon(BalloonSettings settings, BackingFile backing) throws IOException {
        BalloonDevice device = new BalloonDevice("balloon", settings.options(), backing, memory.size(),
                InstantSource.system(), log);
        device.setTarget(settings.targetBytes());
        VirtioPciFunction function = plug("balloon", device);
        fixed.add(function);
        device.start(function::configurationChanged);
        balloon = Optional.of(device);
    }

    /**
     * Plugs a console device in, once.
     *
     * @param shown
     *            what its console becomes a part of
     */
    void plugConsole(ConsoleSettings settings, ShownConsole shown) throws IOException {
        String name = "console";
        // A driver that knows of one port only has it as a console, wanted or not.
        Terminal terminal = settings.shown() ? new Terminal(shown::virtioPrints, shown::room)
                : new Terminal(octet -> {}, () -> {});
        ConsoleDevice device = ConsoleDevice.listen(name, terminal, settings.shown(), settings.ports());
        fixed.add(plug(name, device));
        if (settings.shown()) {
            shown.connectVirtio(terminal::offer);
        }
        console = Optional.of(device);
    }

    private void plugVsock(VsockSettings settings) throws IOException {
        String name = "vsock";
        VsockDevice device = VsockDevice.listen(name, settings.guestCid(), settings.socket());
        fixed.add(plug(name, device));
        vsock = Optional.of(device);
    }

    /**
     * Plugs a watchdog in, once.
     *
     * @param owner
     *            does what is to be done
     */
    void plugWatchdog(WatchdogAction action, GuestTime time, WatchdogOwner owner) throws IOException {
        watchdog = Optional.of(WatchdogFunction.plug(action, time, root, owner, log));
    }

    private VirtioPciFunction plug(String name, VirtioDevice device) throws IOException {
        return VirtioPciFunction.plug(name, device, memory, root, partition.doorbells(), log);
    }

    private synchronized PluggedDevice added(PluggedDevice device) {
        devices.put(device.id(), device);
        return device;
    }

    synchronized Optional<PluggedDevice> find(String id) {
        return Optional.ofNullable(devices.get(id));
    }

    synchronized Optional<PluggedDevice> inSlot(int slot) {
        return devices.values().stream().filter(device -> device.function().slot() == slot).findFirst();
    }

    /** Of disks, or of nics. */
    synchronized long count(Class<? extends Kind> kind) {
        return devices.values().stream().filter(device -> kind.isInstance(device.kind())).count();
    }

    synchronized void forget(PluggedDevice device) {
        devices.remove(device.id());
    }

    /** The disks, in the order of the settings, then those that came later. Any thread. */
    synchronized List<DiskState> disks() {
        List<DiskState> disks = new ArrayList<>();
        for (PluggedDevice device : devices.values()) {
            if (device.kind() instanceof Kind.OfDisk(DiskSettings settings, Disk disk, BlockDevice block)) {
                disks.add(new DiskState(settings.id(), disk.size(), device.isLeaving(), block.counts()));
            }
        }
        return disks;
    }

    private synchronized List<VirtioPciFunction> functions() {
        List<VirtioPciFunction> all = new ArrayList<>(fixed);
        for (PluggedDevice device : devices.values()) {
            all.add(device.function());
        }
        return all;
    }

    /**
     * Has all devices end what they are at and begin nothing more. When no vCPU runs.
     *
     * @return false when one did not come to an end in time: all go on
     */
    boolean pause(Duration deadline) throws InterruptedException {
        long until = System.nanoTime() + deadline.toNanos();
        List<VirtioPciFunction> all = functions();
        for (VirtioPciFunction function : all) {
            function.pause();
        }
        for (VirtioPciFunction function : all) {
            if (!function.awaitStill(until)) {
                resume();
                return false;
            }
        }
        return true;
    }

    /** Has all devices go on. */
    void resume() {
        for (VirtioPciFunction function : functions()) {
            function.resume();
        }
    }

    /** Stops them all. After the vCPUs' threads have ended, and when no device comes or goes any more. */
    @Override
    public void close() {
        for (VirtioPciFunction function : functions()) {
            function.close();
        }
    }
}
