package io.drover.vmm.accelerator;

import static org.junit.jupiter.api.Assumptions.abort;

import io.drover.vmm.boot.EntryState;
import io.drover.vmm.boot.SegmentState;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.cpuid.CpuidEntry;
import io.drover.vmm.kvm.Kvm;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.memory.GuestMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A partition of real KVM whose first CPU begins at some bytes of 32-bit code, flat and without paging. */
public final class CodeGuest implements AutoCloseable {
    /** Where the code lies. */
    public static final int CODE = 0x1000;
    public static final long MEMORY_BYTES = 1 << 20;

    private static final long CR0_PROTECTED = 0x11;
    private static final SegmentState CODE_SEGMENT = new SegmentState(0x10, 0, 0xFFFF_FFFFL, 11, true, false, true);
    private static final SegmentState DATA_SEGMENT = new SegmentState(0x18, 0, 0xFFFF_FFFFL, 3, true, false, true);
    private static final SegmentState TASK_SEGMENT = new SegmentState(0x20, 0, 0x67, 11, false, false, false);

    private final Arena arena = Arena.ofShared();
    private final KvmAccelerator accelerator;
    private final Partition partition;
    private final GuestMemory memory;
    private final IoBus ports = new IoBus();
    private final IoBus mmio = new IoBus();
    private final List<VirtualCpu> cpus = new ArrayList<>();

    private CodeGuest(KvmAccelerator accelerator, byte[] code, int cpuCount, List<CpuidEntry> cpuid)
            throws IOException {
        this.accelerator = accelerator;
        try (FileHandle file = FileHandle.memory("code-guest", MEMORY_BYTES)) {
            memory = GuestMemory.of(file.map(MEMORY_BYTES, arena));
        }
        memory.regions().getFirst().segment().asSlice(CODE).copyFrom(MemorySegment.ofArray(code));
        partition = accelerator.createPartition(memory.regions(), ports, mmio);
        for (int index = 0; index < cpuCount; index++) {
            cpus.add(partition.createCpu(index, cpuid));
        }
        cpus.getFirst().setEntry(new EntryState(CODE, 0, 0, CR0_PROTECTED, 0, 0, 0, 0, 0, CODE_SEGMENT, DATA_SEGMENT,
                TASK_SEGMENT));
    }

    /** Skips the test where there is no KVM. */
    public static CodeGuest create(byte[] code, int cpuCount) throws IOException {
        KvmAccelerator accelerator = openOrSkip();
        return new CodeGuest(accelerator, code, cpuCount, accelerator.supportedCpuid());
    }

    /** With one CPU that shows these answers. Skips the test where there is no KVM. */
    public static CodeGuest create(byte[] code, List<CpuidEntry> cpuid) throws IOException {
        return new CodeGuest(openOrSkip(), code, 1, cpuid);
    }

    /** Skips the test where there is no KVM. */
    public static KvmAccelerator openOrSkip() {
        try {
            return KvmAccelerator.open(Kvm.DEVICE);
        } catch (IOException e) {
            return abort("needs a /dev/kvm: " + e.getMessage());
        }
    }

    /** Bytes from numbers of 0 to 255. */
    public static byte[] code(int... bytes) {
        byte[] code = new byte[bytes.length];
        for (int index = 0; index < bytes.length; index++) {
            code[index] = (byte) bytes[index];
        }
        return code;
    }

    public IoBus ports() {
        return ports;
    }

    public IoBus mmio() {
        return mmio;
    }

    public GuestMemory memory() {
        return memory;
    }

    public Partition partition() {
        return partition;
    }

    public VirtualCpu cpu() {
        return cpus.getFirst();
    }

    public List<VirtualCpu> cpus() {
        return cpus;
    }

    @Override
    public void close() {
        for (VirtualCpu cpu : cpus) {
            cpu.close();
        }
        partition.close();
        accelerator.close();
        arena.close();
    }
}
