package io.drover.vmm.machine;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.proto.vmm.v1.SavedMachine;
import io.drover.vmm.accelerator.Partition;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.console.ShownConsole;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.RevocableDisk;
import io.drover.vmm.disk.TrackedDisk;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.limit.RateLimit;
import io.drover.vmm.log.Log;
import io.drover.vmm.machine.PluggedDevice.Kind;
import io.drover.vmm.machine.PluggedDevice.Presence;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.net.RevocableNetwork;
import io.drover.vmm.pci.PciBus;
import io.drover.vmm.pci.PciRoot;
import io.drover.vmm.pci.PciWindows;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
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
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What is on a machine's PCI bus. Only a machine that has the bus loads this class, and those of the devices. Devices come and go
 * on one thread at a time; the list of them is guarded by this object's lock.
 */
final class PciDevices implements AutoCloseable {
    static final String VSOCK = "vsock";
    static final String RNG = "rng";
    static final String CONSOLE = "console";
    static final String BALLOON = "balloon";
    static final String WATCHDOG = "watchdog";

    private final GuestMemory memory;
    private final Partition partition;
    private final PciRoot root;
    private final Log log;
    private final int vcpus;
    /** Those that stay, by name. */
    private final Map<String, VirtioPciFunction> fixed = new LinkedHashMap<>();
    private Optional<ConsoleDevice> console = Optional.empty();
    private Optional<VsockDevice> vsock = Optional.empty();
    private Optional<RngDevice> rng = Optional.empty();
    private Optional<BalloonDevice> balloon = Optional.empty();
    @GuardedBy("this")
    private final Map<String, PluggedDevice> devices = new LinkedHashMap<>();
    /** Those that the guest has not let go of although they were taken: known by their slots only. */
    @GuardedBy("this")
    private final List<PluggedDevice> taken = new ArrayList<>();
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

    /** By which a disk's function is known. */
    static String diskName(String id) {
        return "disk " + id;
    }

    /** By which a nic's function is known. */
    static String nicName(String id) {
        return "nic " + id;
    }

    /**
     * Makes and plugs in everything that the settings ask for.
     *
     * @param saved
     *            if the devices go on from it: they come to where theirs were
     * @param images
     *            of the disks
     * @throws IOException
     *             when a disk or tap device cannot be opened, or this host has no more of what a device needs
     */
    static PciDevices plug(MachineSettings settings, GuestMemory memory, Partition partition, PciBus bus, IoBus mmio,
            Optional<SavedMachine> saved, DiskSource images, Log log) throws IOException {
        PciDevices devices = new PciDevices(settings.vcpus(), memory, partition, bus, mmio, log);
        boolean plugged = false;
        try {
            if (saved.isPresent()) {
                for (SavedFunction function : saved.get().getFunctionsList()) {
                    devices.root.reserve(function.getName(), function.getSlot());
                }
            }
            for (DiskSettings disk : settings.disks()) {
                devices.plugDisk(disk, images.open(disk));
            }
            for (NicSettings nic : settings.nics()) {
                devices.plugNic(nic);
            }
            if (settings.vsock().isPresent()) {
                devices.plugVsock(settings.vsock().get());
            }
            if (settings.rng()) {
                devices.plugRng();
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

    OptionalLong rngBytes() {
        return rng.isPresent() ? OptionalLong.of(rng.get().bytes()) : OptionalLong.empty();
    }

    Optional<WatchdogFunction> watchdog() {
        return watchdog;
    }

    /** Where disks come from. */
    @FunctionalInterface
    interface DiskSource {
        /** That of their images, now. */
        DiskSource IMAGES = settings -> DiskImage.open(settings.images(), settings.readOnly());

        Disk open(DiskSettings settings) throws IOException;
    }

    /** Puts a disk on the bus; the guest is not told. */
    PluggedDevice plugDisk(DiskSettings settings) throws IOException {
        return plugDisk(settings, DiskSource.IMAGES.open(settings));
    }

    private PluggedDevice plugDisk(DiskSettings settings, Disk opened) throws IOException {
        String name = diskName(settings.id());
        TrackedDisk copied = new TrackedDisk(opened);
        RevocableDisk disk = new RevocableDisk(copied);
        RateLimit limit = settings.rate().limit();
        BlockDevice device = new BlockDevice(disk, settings.serial(), settings.queuesFor(vcpus),
                !settings.writeThrough(), limit, name, log);
        return added(new PluggedDevice(new Kind.OfDisk(settings, disk, copied, device, limit), plug(name, device)));
    }

    /** Puts a nic on the bus and starts its network; the guest is not told. */
    PluggedDevice plugNic(NicSettings settings) throws IOException {
        String name = nicName(settings.id());
        RevocableNetwork network = new RevocableNetwork(NicPlug.open(name, settings, log));
        NetDevice nic = NicPlug.make(name, settings, network);
        VirtioPciFunction function = plug(name, nic);
        nic.start(function::configurationChanged);
        return added(new PluggedDevice(new Kind.OfNic(settings, nic, network), function));
    }

    /**
     * Plugs a balloon in, once.
     *
     * @param backing
     *            of the machine's memory
     */
    void plugBalloon(BalloonSettings settings, BackingFile backing) throws IOException {
        BalloonDevice device = new BalloonDevice(BALLOON, settings.options(), backing, memory.size(),
                InstantSource.system(), log);
        device.setTarget(settings.targetBytes());
        VirtioPciFunction function = plug(BALLOON, device);
        fixed.put(BALLOON, function);
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
        String name = CONSOLE;
        // A driver that knows of one port only has it as a console, wanted or not.
        Terminal terminal = settings.shown() ? new Terminal(shown::virtioPrints, shown::room)
                : new Terminal(octet -> {}, () -> {});
        ConsoleDevice device = ConsoleDevice.listen(name, terminal, settings.shown(), settings.ports());
        fixed.put(name, plug(name, device));
        if (settings.shown()) {
            shown.connectVirtio(terminal::offer);
        }
        console = Optional.of(device);
    }

    private void plugRng() throws IOException {
        RngDevice device = new RngDevice();
        fixed.put(RNG, plug(RNG, device));
        rng = Optional.of(device);
    }

    private void plugVsock(VsockSettings settings) throws IOException {
        String name = VSOCK;
        VsockDevice device = VsockDevice.listen(name, settings.guestCid(), settings.socket());
        fixed.put(name, plug(name, device));
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
        return Stream.concat(devices.values().stream(), taken.stream())
                .filter(device -> device.function().slot() == slot).findFirst();
    }

    /** Of disks, or of nics. */
    synchronized long count(Class<? extends Kind> kind) {
        return devices.values().stream().filter(device -> kind.isInstance(device.kind())).count();
    }

    /**
     * From now on it is known by its slot only, so that there may be another of its id.
     *
     * @return whether it was known by its id
     */
    synchronized boolean forgetId(PluggedDevice device) {
        boolean known = devices.remove(device.id(), device);
        if (known) {
            taken.add(device);
        }
        return known;
    }

    /**
     * When it is in no slot any more.
     *
     * @return whether it was known by its id
     */
    synchronized boolean forget(PluggedDevice device) {
        taken.remove(device);
        return devices.remove(device.id(), device);
    }

    /** The disks, in the order of the settings, then those that came later. Any thread. */
    synchronized List<DiskState> disks() {
        List<DiskState> disks = new ArrayList<>();
        for (PluggedDevice device : devices.values()) {
            if (device.kind() instanceof Kind.OfDisk disk) {
                disks.add(new DiskState(disk.settings().id(), disk.disk().size(), device.isLeaving(),
                        disk.device().counts()));
            }
        }
        return disks;
    }

    /** That of an id, if it can be copied: it is written to, and stays. Any thread. */
    synchronized Optional<TrackedDisk> copiedDisk(String id) {
        PluggedDevice device = devices.get(id);
        return device != null && !device.isLeaving() && device.kind() instanceof Kind.OfDisk disk
                && !disk.copied().readOnly() ? Optional.of(disk.copied()) : Optional.empty();
    }

    /** The nics, as the disks. Any thread. */
    synchronized List<NicState> nics() {
        List<NicState> nics = new ArrayList<>();
        for (PluggedDevice device : devices.values()) {
            if (device.kind() instanceof Kind.OfNic nic) {
                nics.add(new NicState(nic.settings().id(), device.isLeaving(), nic.device().counts()));
            }
        }
        return nics;
    }

    private synchronized List<VirtioPciFunction> functions() {
        List<VirtioPciFunction> all = new ArrayList<>(fixed.values());
        for (PluggedDevice device : devices.values()) {
            all.add(device.function());
        }
        for (PluggedDevice device : taken) {
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

    /** Those that can be written to. Any thread. */
    synchronized List<TrackedDisk> writableDisks() {
        List<TrackedDisk> writable = new ArrayList<>();
        for (PluggedDevice device : devices.values()) {
            if (device.kind() instanceof Kind.OfDisk disk && !disk.copied().readOnly() && !device.isClosing()) {
                writable.add(disk.copied());
            }
        }
        return writable;
    }

    /** While they are still. */
    synchronized void flushDisks() throws IOException {
        for (PluggedDevice device : devices.values()) {
            if (device.kind() instanceof Kind.OfDisk disk && !disk.disk().readOnly()) {
                disk.disk().flush();
            }
        }
    }

    /** As {@link StillMachine#releaseDisks}. While they are still. */
    synchronized void releaseDisks(Set<String> kept) throws IOException {
        for (PluggedDevice device : devices.values()) {
            if (device.kind() instanceof Kind.OfDisk disk && !disk.disk().readOnly()
                    && !kept.contains(disk.settings().id())) {
                disk.disk().release();
            }
        }
    }

    /** Has all for this machine again. */
    synchronized void holdDisks() throws IOException {
        for (PluggedDevice device : devices.values()) {
            if (device.kind() instanceof Kind.OfDisk disk) {
                disk.disk().hold();
            }
        }
    }

    /**
     * All that the guest has in them. While they are still.
     *
     * @throws IOException
     *             when one is on its way to be closed, or was taken and the guest has not let go of it
     */
    synchronized List<SavedFunction> save() throws IOException {
        if (!taken.isEmpty()) {
            throw new IOException(
                    "device " + taken.getFirst().id() + " : was taken from the guest, which has not let go "
                            + "of it; next: ask again in a moment, or restart the guest if it never does");
        }
        List<SavedFunction> saved = new ArrayList<>();
        for (VirtioPciFunction function : fixed.values()) {
            saved.add(function.save().build());
        }
        for (PluggedDevice device : devices.values()) {
            if (device.isClosing()) {
                throw new IOException("device " + device.id() + " : is being closed; next: ask again in a moment");
            }
            SavedFunction.Builder function = device.function().save()
                    .setAskedFor(device.presence() == Presence.ASKED).setKept(device.presence() == Presence.KEPT);
            if (device.kind() instanceof Kind.OfDisk disk) {
                disk.disk().releasedFingerprint().ifPresent(function::setImageFingerprint);
            }
            saved.add(function.build());
        }
        if (watchdog.isPresent()) {
            saved.add(watchdog.get().save());
        }
        saved.sort(Comparator.comparingInt(SavedFunction::getSlot));
        return saved;
    }

    /**
     * Makes them what others were, standing still until {@link #resume}. Once, before any vCPU runs.
     *
     * @param saved
     *            one for each
     */
    synchronized void load(List<SavedFunction> saved) throws SavedStateException {
        for (SavedFunction function : saved) {
            if (function.getName().equals(WATCHDOG)) {
                SavedStates.require(watchdog.isPresent(), WATCHDOG);
                watchdog.get().load(function);
            } else if (fixed.containsKey(function.getName())) {
                fixed.get(function.getName()).load(function);
            } else {
                for (PluggedDevice device : devices.values()) {
                    load(device, function);
                }
            }
        }
    }

    private static void load(PluggedDevice device, SavedFunction saved) throws SavedStateException {
        switch (device.kind()) {
            case Kind.OfDisk disk -> {
                if (saved.getName().equals(diskName(disk.settings().id()))) {
                    if (saved.hasImageFingerprint()) {
                        checkImage(disk, saved.getImageFingerprint());
                    }
                    device.function().load(saved);
                    device.set(presence(saved));
                }
            }
            case Kind.OfNic nic -> {
                if (saved.getName().equals(nicName(nic.settings().id()))) {
                    device.function().load(saved);
                    device.set(presence(saved));
                    // Where it is now, its network has not heard of it.
                    nic.device().announce();
                }
            }
        }
    }

    /** The other host had this image, and has given it up. */
    private static void checkImage(Kind.OfDisk disk, long expected) throws SavedStateException {
        OptionalLong found;
        try {
            found = disk.disk().releasedFingerprint();
        } catch (IOException e) {
            throw new SavedStateException("saved state: " + disk.disk() + " cannot be read: " + e.getMessage());
        }
        if (found.isEmpty() || found.getAsLong() != expected) {
            throw new SavedStateException("saved state: disk " + disk.settings().id()
                    + " : another image than where the guest comes from (expected: the same, on storage that both hosts"
                    + " have; next: share it, or have its content go with the guest)");
        }
    }

    private static Presence presence(SavedFunction saved) {
        if (saved.getAskedFor()) {
            return Presence.ASKED;
        }
        return saved.getKept() ? Presence.KEPT : Presence.PRESENT;
    }

    /** Stops them all. After the vCPUs' threads have ended, and when no device comes or goes any more. */
    @Override
    public void close() {
        for (VirtioPciFunction function : functions()) {
            function.close();
        }
    }
}
