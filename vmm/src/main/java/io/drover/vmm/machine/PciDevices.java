package io.drover.vmm.machine;

import io.drover.vmm.accelerator.Partition;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.log.Log;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.pci.PciBus;
import io.drover.vmm.pci.PciRoot;
import io.drover.vmm.pci.PciWindows;
import io.drover.vmm.virtio.VirtioDevice;
import io.drover.vmm.virtio.VirtioPciFunction;
import io.drover.vmm.virtio.balloon.BalloonDevice;
import io.drover.vmm.virtio.block.BlockCounts;
import io.drover.vmm.virtio.block.BlockDevice;
import io.drover.vmm.virtio.net.NetDevice;
import io.drover.vmm.virtio.rng.RngDevice;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is on a machine's PCI bus. Only a machine that has something there loads this class, and those of the devices. */
final class PciDevices implements AutoCloseable {
    private final GuestMemory memory;
    private final Partition partition;
    private final PciRoot root;
    private final Log log;
    private final List<VirtioPciFunction> functions = new ArrayList<>();
    private final List<BlockDevice> disks = new ArrayList<>();
    private Optional<BalloonDevice> balloon = Optional.empty();

    private PciDevices(GuestMemory memory, Partition partition, PciBus bus, IoBus mmio, Log log) {
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
        PciDevices devices = new PciDevices(memory, partition, bus, mmio, log);
        boolean plugged = false;
        try {
            for (int index = 0; index < settings.disks().size(); index++) {
                devices.plugDisk("disk" + index, settings.disks().get(index), settings.vcpus());
            }
            for (NicSettings nic : settings.nics()) {
                devices.plugNic(nic);
            }
            if (settings.rng()) {
                devices.plug("rng", new RngDevice());
            }
            plugged = true;
            return devices;
        } finally {
            if (!plugged) {
                devices.close();
            }
        }
    }

    List<BlockCounts> diskCounts() {
        List<BlockCounts> counts = new ArrayList<>();
        for (BlockDevice disk : disks) {
            counts.add(disk.counts());
        }
        return counts;
    }

    Optional<BalloonDevice> balloon() {
        return balloon;
    }

    private void plugDisk(String name, DiskSettings settings, int vcpus) throws IOException {
        Disk disk = DiskImage.open(settings.images(), settings.readOnly());
        BlockDevice device = new BlockDevice(disk, settings.serial(), settings.queuesFor(vcpus),
                !settings.writeThrough(), name, log);
        plug(name, device);
        disks.add(device);
    }

    private void plugNic(NicSettings settings) throws IOException {
        String name = "nic " + settings.id();
        NetDevice nic = NicPlug.make(name, settings, log);
        nic.start(plug(name, nic)::configurationChanged);
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
        device.start(plug("balloon", device)::configurationChanged);
        balloon = Optional.of(device);
    }

    private VirtioPciFunction plug(String name, VirtioDevice device) throws IOException {
        VirtioPciFunction function = VirtioPciFunction.plug(name, device, memory, root, partition.doorbells(), log);
        functions.add(function);
        return function;
    }

    /** Stops them all. After the vCPUs' threads have ended. */
    @Override
    public void close() {
        for (VirtioPciFunction function : functions) {
            function.close();
        }
    }
}
