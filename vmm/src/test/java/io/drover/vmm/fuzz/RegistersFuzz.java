package io.drover.vmm.fuzz;

import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.RawDisk;
import io.drover.vmm.limit.RateLimit;
import io.drover.vmm.log.Log;
import io.drover.vmm.pci.PciWindows;
import io.drover.vmm.pci.SlotRegisters;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioPciFunction;
import io.drover.vmm.virtio.block.BlockDevice;
import io.drover.vmm.virtio.rng.RngDevice;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Configuration space by ports and by memory, the registers of hot-plug with a device that comes and goes, BARs wherever they
 * are put, MSI-X and all virtio registers, of a block and an entropy device in a machine that lives for one input.
 */
public final class RegistersFuzz {
    private static final int DISK_BYTES = 64 << 10;
    private static final long BAR_BYTES = 32 << 10;

    private RegistersFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        FuzzBytes guest = new FuzzBytes(input);
        Path file = Files.createTempFile("registers-fuzz", ".raw");
        try (VirtioBench bench = new VirtioBench()) {
            Files.write(file, new byte[DISK_BYTES]);
            bench.plug(new BlockDevice(RawDisk.open(LinuxFile.open(file, false), false), "fuzz", 2, true,
                    RateLimit.none(), "disk",
                    new Log(new PrintStream(OutputStream.nullOutputStream()), "fuzz")));
            bench.plug(new RngDevice());
            Coming coming = new Coming(bench);
            // So that an input need not find out how to switch the BARs on.
            bench.mmio().write(PciWindows.ECAM_BASE + 0x8004, 2, 6);
            bench.mmio().write(PciWindows.ECAM_BASE + 0x1_0004, 2, 6);
            while (!guest.isUsedUp()) {
                step(bench, coming, guest);
            }
            coming.close();
            if (bench.log().contains("ERROR")) {
                throw new AssertionError(bench.log());
            }
        } finally {
            Files.delete(file);
        }
    }

    private static void step(VirtioBench bench, Coming coming, FuzzBytes guest) throws IOException {
        int what = guest.next8();
        int bytes = 1 << (what >>> 6);
        int device = (what >>> 3) & 1;
        long address = switch (what & 7) {
            case 0, 1 -> PciWindows.LOW_BASE + BAR_BYTES * device + guest.next8();
            case 2 -> PciWindows.LOW_BASE + BAR_BYTES * device + (guest.next16() & 0x7FFFL);
            case 3 -> PciWindows.ECAM_BASE + 0x8000L * (device + 1L) + guest.next8();
            case 4 -> PciWindows.ECAM_BASE + guest.next16() * 16L;
            case 5 -> bar(bench, device) + (guest.next16() & 0x7FFFL);
            default -> -1;
        };
        boolean write = (what & 0x10) != 0;
        boolean narrow = (what & 0x20) != 0;
        if (address == -1) {
            int selected = guest.next8();
            if ((selected & 0x80) != 0) {
                coming.change(selected & 3);
            }
            long port = (selected & 0x40) == 0 ? 0xCF8 + (selected & 7L) : SlotRegisters.PORT + (selected & 15L);
            access(bench, port, bytes, write, narrow, guest, true);
        } else {
            access(bench, address, bytes, write, narrow, guest, false);
        }
    }

    private static long bar(VirtioBench bench, int device) {
        long config = PciWindows.ECAM_BASE + 0x8000L * (device + 1L);
        return (bench.mmio().read(config + 0x10, 4) & -16) | (bench.mmio().read(config + 0x14, 4) << 32);
    }

    private static void access(VirtioBench bench, long address, int bytes, boolean write, boolean narrow,
            FuzzBytes guest, boolean port) {
        if (!write) {
            if (port) {
                bench.ports().read(address, bytes);
            } else {
                bench.mmio().read(address, bytes);
            }
            return;
        }
        long value = narrow ? guest.next8() : guest.next64();
        if (port) {
            bench.ports().write(address, bytes, value);
        } else {
            bench.store(address, bytes, value);
        }
    }

    /** A device in a slot of its own that comes, is asked to go, and goes when the guest says so. */
    private static final class Coming {
        private final VirtioBench bench;
        private final SlotRegisters registers;
        private Optional<VirtioPciFunction> there = Optional.empty();
        private boolean asked;

        Coming(VirtioBench bench) {
            this.bench = bench;
            this.registers = new SlotRegisters(() -> {}, this::ejected);
            bench.ports().register(SlotRegisters.PORT, SlotRegisters.PORTS, "slots", registers);
        }

        void change(int what) throws IOException {
            if (there.isEmpty()) {
                there = Optional.of(bench.plug(new RngDevice()));
                asked = false;
                registers.insert(there.get().slot());
            } else if (what != 0) {
                asked = true;
                registers.askFor(there.get().slot());
            }
        }

        private void ejected(int slot) {
            if (asked && there.isPresent() && there.get().slot() == slot) {
                close();
            }
        }

        void close() {
            if (there.isPresent()) {
                try {
                    bench.unplug(there.get());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                there = Optional.empty();
            }
        }
    }
}
