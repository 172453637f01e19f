package io.drover.vmm.testing;

import io.drover.vmm.testing.HostileStep.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What a {@link HostileGuest} does: acts out of a random source, some of them almost those of a proper driver, for what lies
 * behind a device's registers is reached only by one. It knows the machine that Drover makes: ports, slots and where BARs are.
 */
final class HostileScript {
    /** Behind all RAM of a small machine: where 64-bit BARs may be moved to. */
    static final long HIGH_WINDOW = 16L << 30;

    private static final int ACTS = 1500;

    private static final long LOW_WINDOW = 0xC000_0000L;
    private static final long ECAM = 0xE000_0000L;
    private static final long IOAPIC = 0xFEC0_0000L;
    private static final long LOCAL_APIC = 0xFEE0_0000L;
    private static final int BAR_BYTES = 32 << 10;
    private static final int MSIX_TABLE = 16 << 10;
    private static final int NOTIFY = 0x3000;
    private static final int DEVICE_CONFIG = 0x2000;

    /** COM1, clock, keyboard, pvpanic, ACPI and what is behind it, PCI; then KVM's own: PICs, PIT, speaker. */
    private static final int[][] PORTS = {{0x3F8, 8}, {0x70, 2}, {0x60, 8}, {0x500, 8}, {0x600, 0x40}, {0xCF8, 8},
            {0x20, 2}, {0xA0, 2}, {0x4D0, 2}, {0x40, 4}, {0x61, 1}, {0xAE00, 0x40}};
    /** What ends a machine when it is written to: keyboard controller, pvpanic, sleep, reset. */
    private static final int[][] FATAL_PORTS = {{0x64, 1}, {0x505, 1}, {0x604, 2}, {0xCF9, 1}};
    /** Of so many writes to one of those, one is done. */
    private static final int FATAL_RATE = 400;

    /** Registers of virtio's common configuration. */
    private static final int DEVICE_FEATURE_SELECT = 0;
    private static final int DEVICE_FEATURE = 4;
    private static final int DRIVER_FEATURE_SELECT = 8;
    private static final int DRIVER_FEATURE = 12;
    private static final int CONFIG_VECTOR = 16;
    private static final int STATUS = 20;
    private static final int QUEUE_SELECT = 22;
    private static final int QUEUE_SIZE = 24;
    private static final int QUEUE_VECTOR = 26;
    private static final int QUEUE_ENABLE = 28;
    private static final int QUEUE_DESC = 32;
    private static final int QUEUE_DRIVER = 40;
    private static final int QUEUE_DEVICE = 48;

    /** Every queue has 64 KiB: the table, the two rings, headers. All share the buffers behind. */
    private static final int QUEUE_BYTES = 64 << 10;
    private static final int AVAILABLE = 0x2000;
    private static final int USED = 0x3000;
    private static final int HEADERS = 0x8000;
    private static final int QUEUES = 4;
    private static final long BUFFERS = HostileGuest.DATA + (4 << 20);
    private static final int BUFFERS_BYTES = 4 << 20;

    /** Virtio block's: in, out, flush, id, discard, write zeroes. To a nic they are a header like another. */
    private static final int[] BLOCK_REQUESTS = {0, 0, 1, 1, 4, 8, 11, 13};

    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;

    private final Random random;
    private final List<HostileGuest.Device> devices;
    private final int slots;
    private final double faults;
    /** Of each queue: how many heads have been made available since its session began. */
    private final int[] available;
    private final List<HostileStep> steps = new ArrayList<>();
    private long pool;
    private int poolBytes;

    /**
     * @param devices
     *            in the slots behind the host bridge's
     * @param faults
     *            how often a driver's step is done wrong: 0 to 1
     */
    HostileScript(Random random, List<HostileGuest.Device> devices, double faults) {
        this.random = random;
        this.devices = List.copyOf(devices);
        this.slots = devices.size();
        this.faults = faults;
        this.available = new int[(slots + 1) * QUEUES];
    }

    /** Where random bytes lie in the guest's memory. */
    void usePool(long address, int bytes) {
        pool = address;
        poolBytes = bytes;
    }

    /** All of it, in order. Once. */
    List<HostileStep> steps() {
        for (int slot = 1; slot <= slots; slot++) {
            session(slot);
        }
        for (int act = 0; act < ACTS; act++) {
            int slot = 1 + random.nextInt(slots);
            switch (random.nextInt(10)) {
                case 0 -> session(slot);
                case 1, 2, 3, 4, 5, 6 -> requests(slot, random.nextInt(QUEUES));
                default -> disturbance();
            }
        }
        return List.copyOf(steps);
    }

    private void disturbance() {
        int slot = 1 + random.nextInt(slots);
        // What takes a device away from its driver is rare where the driver errs rarely.
        boolean harsh = wrong() || random.nextInt(20) == 0;
        switch (random.nextInt(12)) {
            case 0, 1 -> portAccess();
            case 2 -> configurationByPorts(harsh);
            case 3 -> access(ECAM + (slot << 15) + configurationOffset(harsh), harsh);
            case 4 -> access(bar(slot) + random.nextInt(harsh ? BAR_BYTES : STATUS), harsh);
            case 5 -> access(bar(slot) + DEVICE_CONFIG + random.nextInt(64), true);
            case 6 -> messages(slot, harsh);
            case 7 -> kick(slot, random.nextInt(QUEUES));
            case 8 -> ringNoise(slot, random.nextInt(QUEUES));
            case 9 -> interruptControllers();
            case 10 -> {
                if (harsh) {
                    moveBar(slot);
                } else {
                    stringAccess();
                }
            }
            default -> {
                if (wrong()) {
                    add(Operation.WRITE_64, HostileGuest.DATA + random.nextInt((int) HostileGuest.DATA),
                            random.nextLong());
                } else {
                    steps.add(new HostileStep(Operation.DELAY, 0, 0, 1L + random.nextInt(500)));
                }
            }
        }
    }

    /** All that a driver does to bring its device up. */
    private void session(int slot) {
        long registers = bar(slot);
        configure(slot, 0x10, (int) registers);
        configure(slot, 0x14, 0);
        configure(slot, 0x04, random.nextInt(4) == 0 ? 0x406 : 0x006);
        if (random.nextInt(3) != 0) {
            messages(slot, wrong());
        }
        write8(registers + STATUS, 0);
        steps.add(new HostileStep(Operation.AWAIT_ZERO, registers + STATUS, 0, 300));
        write8(registers + STATUS, 1);
        write8(registers + STATUS, 3);
        for (int half = 0; half < 2; half++) {
            write32(registers + DEVICE_FEATURE_SELECT, half);
            write32(registers + DRIVER_FEATURE_SELECT, half);
            // EVENT_IDX and INDIRECT_DESC come and go; VERSION_1 stays.
            long mask = random.nextInt(3) == 0 ? random.nextInt() | half : 0xFFFF_FFFFL;
            steps.add(new HostileStep(Operation.ACCEPT, registers + DEVICE_FEATURE, mask,
                    registers + DRIVER_FEATURE));
        }
        write8(registers + STATUS, 0xB);
        write16(registers + CONFIG_VECTOR, random.nextInt(6));
        for (int queue = 0; queue < QUEUES; queue++) {
            queue(slot, queue);
        }
        write8(registers + STATUS, 0xF);
    }

    private void queue(int slot, int queue) {
        long registers = bar(slot);
        long rings = rings(slot, queue);
        int size = sizeOf(slot, queue);
        available[slot * QUEUES + queue - QUEUES] = 0;
        write16(registers + QUEUE_SELECT, queue);
        write16(registers + QUEUE_SIZE, size);
        write16(registers + QUEUE_VECTOR, random.nextInt(6));
        write64(registers + QUEUE_DESC, rings);
        write64(registers + QUEUE_DRIVER, rings + AVAILABLE);
        write64(registers + QUEUE_DEVICE, rings + USED);
        write32(rings + AVAILABLE, 0);
        write32(rings + USED, 0);
        write16(registers + QUEUE_ENABLE, 1);
    }

    /** A few chains of descriptors, made available, and a kick. */
    private void requests(int slot, int queue) {
        int of = slot * QUEUES + queue - QUEUES;
        long rings = rings(slot, queue);
        int size = sizeOf(slot, queue);
        int chains = 1 + random.nextInt(4);
        int head = random.nextInt(size);
        for (int chain = 0; chain < chains; chain++) {
            int used = chain(slot, queue, head);
            long entry = rings + AVAILABLE + 4 + 2L * ((available[of] + chain) % size);
            write16(entry, head);
            head = (head + used) % size;
        }
        available[of] += chains;
        write16(rings + AVAILABLE, random.nextInt(8) == 0 ? 1 : 0);
        write16(rings + AVAILABLE + 2, available[of]);
        if (random.nextInt(4) == 0) {
            // The event index: when the driver wants to hear of it.
            write16(rings + AVAILABLE + 4 + 2L * size, random.nextInt(available[of] + 2));
        }
        kick(slot, queue);
        if (random.nextInt(3) == 0) {
            steps.add(new HostileStep(Operation.DELAY, 0, 0, 1L + random.nextInt(3000)));
        }
    }

    /** How many descriptors of the table it took. */
    private int chain(int slot, int queue, int head) {
        long rings = rings(slot, queue);
        long header = rings + HEADERS + 32L * head;
        write32(header, wrong() ? random.nextInt() : BLOCK_REQUESTS[random.nextInt(BLOCK_REQUESTS.length)]);
        write64(header + 8, wrong() ? random.nextLong() : random.nextInt(4096));
        List<Buffer> buffers = buffers(slot, queue, header);
        if (random.nextInt(6) != 0) {
            table(rings, sizeOf(slot, queue), head, buffers);
            return buffers.size();
        }
        long indirect = BUFFERS + random.nextInt(BUFFERS_BYTES - 4096) / 16 * 16L;
        descriptor(rings, head, indirect, 16 * buffers.size(), INDIRECT, 0);
        table(indirect, buffers.size(), 0, buffers);
        return 1;
    }

    /** As the queue's device wants them, or another's. */
    private List<Buffer> buffers(int slot, int queue, long header) {
        HostileGuest.Device device = wrong() ? HostileGuest.Device.BLOCK : devices.get(slot - 1);
        boolean receives = switch (device) {
            case BLOCK -> false;
            case NETWORK -> queue == 0;
            case ENTROPY -> true;
            case BALLOON -> queue == QUEUES - 1;
        };
        boolean sends = (device == HostileGuest.Device.NETWORK && queue == 1)
                || (device == HostileGuest.Device.BALLOON && queue < QUEUES - 1);
        boolean writable = receives || (!sends && random.nextBoolean());
        List<Buffer> buffers = new ArrayList<>();
        if (!receives) {
            buffers.add(new Buffer(header, 16, false));
        }
        int pieces = (receives ? 1 : 0) + random.nextInt(random.nextInt(20) == 0 ? 20 : 4);
        for (int piece = 0; piece < pieces; piece++) {
            int bytes = 512 * (1 + random.nextInt(random.nextInt(10) == 0 ? 256 : 8));
            buffers.add(new Buffer(BUFFERS + random.nextInt(BUFFERS_BYTES - 512 * 256), bytes, writable != wrong()));
        }
        if (!receives && !sends) {
            buffers.add(new Buffer(header + 16, 1, true));
        }
        return buffers;
    }

    private record Buffer(long address, int bytes, boolean writable) {}

    private void table(long table, int entries, int first, List<Buffer> buffers) {
        for (int index = 0; index < buffers.size(); index++) {
            Buffer buffer = buffers.get(index);
            boolean last = index == buffers.size() - 1;
            descriptor(table, (first + index) % entries, buffer.address, buffer.bytes,
                    (last ? 0 : NEXT) | (buffer.writable ? WRITE : 0), last ? 0 : (first + index + 1) % entries);
        }
    }

    private void descriptor(long table, int index, long address, int bytes, int flags, int next) {
        write64(table + 16L * index, wrong() ? anywhere() : address);
        int length = wrong() ? random.nextInt() >> random.nextInt(32) : bytes;
        int flagged = wrong() ? random.nextInt(8) : flags;
        int link = wrong() ? random.nextInt(0x1_0000) : next;
        write64(table + 16L * index + 8, (length & 0xFFFF_FFFFL) | (long) flagged << 32 | (long) link << 48);
    }

    /** Scribbles into rings that a device may be reading. */
    private void ringNoise(int slot, int queue) {
        long rings = rings(slot, queue);
        switch (random.nextInt(wrong() ? 4 : 2)) {
            case 0 -> add(Operation.WRITE_16, rings + USED + random.nextInt(2048) * 2L, random.nextInt());
            case 1 -> add(Operation.WRITE_64, rings + 8L * random.nextInt(512), random.nextLong());
            case 2 -> add(Operation.WRITE_16, rings + AVAILABLE + 2, random.nextInt());
            default -> steps.add(new HostileStep(Operation.COPY_64, rings,
                    pool + 8L * random.nextInt(poolBytes / 16), 1L + random.nextInt(poolBytes / 16)));
        }
    }

    private void kick(int slot, int queue) {
        long word = bar(slot) + NOTIFY + 4L * queue;
        switch (random.nextInt(wrong() ? 4 : 2)) {
            case 0 -> add(Operation.WRITE_16, word, queue);
            case 1 -> add(Operation.WRITE_32, word, queue);
            case 2 -> add(Operation.WRITE_64, word + random.nextInt(8), random.nextLong());
            default -> add(Operation.EXCHANGE_32, word, random.nextInt());
        }
    }

    private void messages(int slot, boolean harsh) {
        long table = bar(slot) + MSIX_TABLE;
        // The capability is the first: enabled, masked as a whole, or neither.
        int control = harsh ? random.nextInt() : random.nextInt(4) << 14;
        add(Operation.WRITE_16, ECAM + (slot << 15) + 0x42, control);
        int vector = random.nextInt(6);
        boolean noMessage = harsh && random.nextInt(4) == 0;
        write32(table + 16L * vector, noMessage ? random.nextInt() : (int) LOCAL_APIC | random.nextInt(4) << 12);
        write32(table + 16L * vector + 4, noMessage ? random.nextInt() : 0);
        write32(table + 16L * vector + 8, noMessage && random.nextInt(20) == 0 ? random.nextInt()
                : 0x20 + random.nextInt(0xC0));
        write32(table + 16L * vector + 12, random.nextInt(3) == 0 ? 1 : 0);
    }

    private void moveBar(int slot) {
        long address = switch (random.nextInt(7)) {
            case 0, 1 -> HIGH_WINDOW + (random.nextInt(1 << 15) * (long) BAR_BYTES & ((1L << 30) - 1));
            case 2 -> bar(1 + random.nextInt(slots));
            case 3 -> LOW_WINDOW + random.nextInt(1 << 29);
            case 4 -> HostileGuest.DATA + random.nextInt(1 << 20);
            case 5 -> random.nextBoolean() ? LOCAL_APIC : ECAM;
            default -> random.nextLong();
        };
        configure(slot, 0x10, (int) address);
        configure(slot, 0x14, (int) (address >>> 32));
        access((isMapped(address) ? address & -BAR_BYTES : bar(slot)) + random.nextInt(64), false);
        if (random.nextBoolean()) {
            configure(slot, 0x10, (int) bar(slot));
            configure(slot, 0x14, 0);
        }
    }

    /** By the page tables: an access elsewhere ends the guest by a triple fault. */
    private static boolean isMapped(long address) {
        return address >>> 32 == 0 || address >>> 30 == HIGH_WINDOW >>> 30;
    }

    private void configure(int slot, int register, int value) {
        if (random.nextBoolean()) {
            write32(ECAM + (slot << 15) + register, value);
        } else {
            add(Operation.OUT_32, 0xCF8, 0x8000_0000 | slot << 11 | register);
            add(Operation.OUT_32, 0xCFC, value);
        }
    }

    private void configurationByPorts(boolean harsh) {
        int slot = random.nextInt(slots + 2);
        add(Operation.OUT_32, 0xCF8,
                wrong() ? random.nextInt() : 0x8000_0000 | slot << 11 | (configurationOffset(harsh) & 0xFC));
        int port = 0xCFC + random.nextInt(4);
        if (harsh && random.nextBoolean()) {
            add(List.of(Operation.OUT_8, Operation.OUT_16, Operation.OUT_32).get(random.nextInt(3)), port,
                    random.nextInt());
        } else {
            add(List.of(Operation.IN_8, Operation.IN_16, Operation.IN_32).get(random.nextInt(3)), port, 0);
        }
    }

    /** Where a write takes no device away from its driver, unless it is to. */
    private int configurationOffset(boolean harsh) {
        if (harsh) {
            return random.nextInt(random.nextInt(4) == 0 ? 4096 : 0xB0);
        }
        return 0x40 + random.nextInt(0x70);
    }

    private void portAccess() {
        int width = random.nextInt(3);
        int[] range = PORTS[random.nextInt(PORTS.length)];
        int port = wrong() ? random.nextInt(0x1_0000) : range[0] + random.nextInt(range[1]);
        if (random.nextInt(3) == 0) {
            add(List.of(Operation.IN_8, Operation.IN_16, Operation.IN_32).get(width), port, 0);
        } else if (!isFatal(port, 1 << width) || random.nextInt(FATAL_RATE) == 0) {
            add(List.of(Operation.OUT_8, Operation.OUT_16, Operation.OUT_32).get(width), port,
                    random.nextBoolean() ? random.nextInt(8) : random.nextInt());
        }
    }

    private void stringAccess() {
        int port = random.nextBoolean() ? 0x3F8 + random.nextInt(8) : 0xCFC;
        Operation operation = List.of(Operation.OUT_STRING_8, Operation.IN_STRING_8, Operation.IN_STRING_32,
                Operation.OUT_STRING_32).get(random.nextInt(port == 0xCFC && !wrong() ? 3 : 4));
        boolean in = operation == Operation.IN_STRING_8 || operation == Operation.IN_STRING_32;
        if (port == 0xCFC && !in && !wrong()) {
            port = 0x3F8;
        }
        steps.add(new HostileStep(operation, port, in ? BUFFERS + random.nextInt(BUFFERS_BYTES / 2) : pool,
                1L + random.nextInt(100)));
    }

    private static boolean isFatal(int port, int bytes) {
        for (int[] fatal : FATAL_PORTS) {
            if (port < fatal[0] + fatal[1] && port + bytes > fatal[0]) {
                return true;
            }
        }
        return false;
    }

    /** KVM's, whose inputs are ours. Vectors only: a pin or message that says NMI ends the guest, and is rare. */
    private void interruptControllers() {
        boolean vectors = random.nextInt(100) != 0;
        if (random.nextBoolean()) {
            add(Operation.WRITE_32, IOAPIC, 0x10 + random.nextInt(48));
            add(Operation.WRITE_32, IOAPIC + 0x10, vectors ? random.nextInt() & 0x1_A8FF : random.nextInt());
        } else if (vectors) {
            add(Operation.READ_32, LOCAL_APIC + 16L * random.nextInt(64), 0);
        } else {
            add(Operation.WRITE_32, LOCAL_APIC + 16L * random.nextInt(64), random.nextInt());
            steps.add(new HostileStep(Operation.LET_INTERRUPTS_IN, 0, 0, 1));
        }
    }

    /** Any size, any kind; a read unless it is to be harsh. */
    private void access(long address, boolean harsh) {
        List<Operation> reads = List.of(Operation.READ_8, Operation.READ_16, Operation.READ_32, Operation.READ_64);
        List<Operation> writes = List.of(Operation.WRITE_8, Operation.WRITE_16, Operation.WRITE_32,
                Operation.WRITE_64, Operation.CHANGE_8, Operation.CHANGE_32, Operation.EXCHANGE_32);
        if (!harsh || random.nextInt(3) == 0) {
            add(reads.get(random.nextInt(reads.size())), address, 0);
        } else if (random.nextInt(10) == 0) {
            boolean into = random.nextBoolean();
            steps.add(new HostileStep(random.nextBoolean() ? Operation.COPY_8 : Operation.COPY_64,
                    into ? address : BUFFERS, into ? pool : address, 1L + random.nextInt(20)));
        } else {
            add(writes.get(random.nextInt(writes.size())), address,
                    random.nextBoolean() ? random.nextInt(16) : random.nextLong());
        }
    }

    /** Where a device is told to read or write. */
    private long anywhere() {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextLong();
            case 1 -> HostileGuest.MEMORY_BYTES - random.nextInt(64);
            case 2 -> bar(1 + random.nextInt(slots)) + random.nextInt(BAR_BYTES);
            case 3 -> random.nextInt(1 << 20);
            default -> HostileGuest.DATA + random.nextInt((int) (HostileGuest.MEMORY_BYTES - HostileGuest.DATA));
        };
    }

    private boolean wrong() {
        return random.nextDouble() < faults;
    }

    private static long bar(int slot) {
        return LOW_WINDOW + (slot - 1L) * BAR_BYTES;
    }

    private static long rings(int slot, int queue) {
        return HostileGuest.DATA + (slot * QUEUES + queue - QUEUES) * (long) QUEUE_BYTES;
    }

    /** A queue has the same size in all sessions, as nobody but the script remembers it. */
    private static int sizeOf(int slot, int queue) {
        return 4 << (slot + queue) % 5;
    }

    private void write8(long address, long value) {
        add(Operation.WRITE_8, address, value);
    }

    private void write16(long address, long value) {
        add(Operation.WRITE_16, address, value);
    }

    private void write32(long address, long value) {
        add(Operation.WRITE_32, address, value);
    }

    private void write64(long address, long value) {
        add(Operation.WRITE_64, address, value);
    }

    /** Does it, or something like it, or not at all. */
    private void add(Operation operation, long address, long value) {
        if (!wrong()) {
            steps.add(HostileStep.of(operation, address, value));
        } else if (random.nextBoolean()) {
            steps.add(HostileStep.of(operation, address, random.nextLong()));
        }
    }
}
