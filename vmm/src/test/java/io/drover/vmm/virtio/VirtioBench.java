package io.drover.vmm.virtio;

import io.drover.vmm.bus.Doorbells;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.RecordedLine;
import io.drover.vmm.interrupt.RecordedMessages;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.log.Log;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.pci.PciBus;
import io.drover.vmm.pci.PciConfigPorts;
import io.drover.vmm.pci.PciRoot;
import io.drover.vmm.pci.PciWindows;
import io.drover.vmm.power.RecordedPower;
import io.drover.vmm.power.ResetRegister;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Map;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A machine of nothing but memory, a PCI bus and virtio devices, whose one guest is a test. */
public final class VirtioBench implements AutoCloseable {
    public static final int MEMORY_BYTES = 4 << 20;

    private final Arena arena = Arena.ofShared();
    private final GuestMemory memory;
    private final BackingFile backing;
    private final IoBus ports = new IoBus();
    private final IoBus mmio = new IoBus();
    private final PciBus bus = new PciBus();
    private final RecordedMessages messages = new RecordedMessages();
    private final List<RecordedLine> lines = new ArrayList<>();
    private final Map<Long, EventFile> doorbells = new ConcurrentHashMap<>();
    private final ByteArrayOutputStream logged = new ByteArrayOutputStream();
    private final Log log = new Log(new PrintStream(logged, true, StandardCharsets.UTF_8), "bench");
    private final List<VirtioPciFunction> functions = new ArrayList<>();
    private final PciRoot root;

    public VirtioBench() {
        try {
            FileHandle file = FileHandle.memory("bench", MEMORY_BYTES);
            memory = GuestMemory.of(file.map(MEMORY_BYTES, arena));
            backing = new BackingFile(file, memory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<InterruptLine> inputs = new ArrayList<>();
        for (int i = 0; i < PciWindows.GSIS; i++) {
            lines.add(new RecordedLine());
            inputs.add(lines.getLast());
        }
        root = new PciRoot(bus, mmio, messages, inputs);
        ports.register(PciConfigPorts.PORT, PciConfigPorts.PORTS, "PCI",
                new PciConfigPorts(bus, new ResetRegister(new RecordedPower())));
    }

    /** Plugs a device in, as slot 1 and up. */
    public VirtioPciFunction plug(VirtioDevice device) throws IOException {
        VirtioPciFunction function = VirtioPciFunction.plug("device" + functions.size(), device, memory, root,
                new Doorbells() {
                    @Override
                    public boolean add(long address, EventFile event) {
                        return doorbells.putIfAbsent(address, event) == null;
                    }

                    @Override
                    public void remove(long address, EventFile event) {
                        if (!doorbells.remove(address, event)) {
                            throw new IllegalStateException("no such doorbell at 0x" + Long.toHexString(address));
                        }
                    }
                }, log);
        functions.add(function);
        return function;
    }

    /** Takes a device away from the guest, and gives back what it had when its last I/O thread has ended. */
    public void unplug(VirtioPciFunction function) throws InterruptedException {
        CountDownLatch stopped = new CountDownLatch(1);
        function.remove(stopped::countDown);
        if (!stopped.await(TestDriver.DEADLINE_MILLIS, TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("the device did not stop");
        }
        function.release();
        functions.remove(function);
    }

    public GuestMemory memory() {
        return memory;
    }

    /** What the memory is mapped from. */
    public BackingFile backing() {
        return backing;
    }

    public IoBus ports() {
        return ports;
    }

    public IoBus mmio() {
        return mmio;
    }

    public RecordedMessages messages() {
        return messages;
    }

    /** Of the pin of a slot. */
    public RecordedLine line(int slot) {
        return lines.get(PciWindows.gsi(slot) - PciWindows.FIRST_GSI);
    }

    /** Addresses that ring without an exit. */
    public Map<Long, EventFile> doorbells() {
        return doorbells;
    }

    public String log() {
        return logged.toString(StandardCharsets.UTF_8);
    }

    /** A write as a vCPU does it: a doorbell if there is one, else to the bus. */
    public void store(long address, int bytes, long value) {
        EventFile event = doorbells.get(address);
        if (event != null) {
            event.ring();
        } else {
            mmio.write(address, bytes, value);
        }
    }

    @Override
    public void close() {
        for (VirtioPciFunction function : functions) {
            function.close();
        }
        arena.close();
        backing.close();
    }
}
