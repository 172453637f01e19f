package io.drover.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.pci.PciWindows;
import java.util.HashMap;
import java.util.Map;

/** A driver for one virtio function, as the specification wants it, over memory-mapped configuration space. */
public final class TestDriver {
    public static final long DEADLINE_MILLIS = 10_000;
    public static final long MESSAGE_ADDRESS = 0xFEE0_0000L;

    private static final int STATUS_REGISTER = 20;

    private final VirtioBench bench;
    private final long config;
    private long bar;
    private long common;
    private long isr;
    private long device;
    private long notify;
    private int notifyMultiplier;
    private int msixCapability;
    private long nextFree = 0x10_0000;
    private final Map<Integer, TestQueue> queues = new HashMap<>();

    public TestDriver(VirtioBench bench, int slot) {
        this.bench = bench;
        this.config = PciWindows.ECAM_BASE + ((long) slot << 15);
    }

    public long config(int offset, int bytes) {
        return bench.mmio().read(config + offset, bytes);
    }

    public void setConfig(int offset, int bytes, long value) {
        bench.mmio().write(config + offset, bytes, value);
    }

    /** Finds the capabilities, and switches memory, bus master and MSI-X on. */
    public TestDriver probe() {
        setConfig(0x04, 2, 0b110);
        bar = barAddress();
        int at = (int) config(0x34, 1);
        while (at != 0) {
            if (config(at, 1) == 0x11) {
                msixCapability = at;
            } else if (config(at, 1) == 0x09) {
                long address = bar + config(at + 8, 4);
                switch ((int) config(at + 3, 1)) {
                    case 1 -> common = address;
                    case 2 -> {
                        notify = address;
                        notifyMultiplier = (int) config(at + 16, 4);
                    }
                    case 3 -> isr = address;
                    case 4 -> device = address;
                    default -> assertThat(config(at + 3, 1)).isEqualTo(5);
                }
            }
            at = (int) config(at + 1, 1);
        }
        return this;
    }

    public long barAddress() {
        return (config(0x10, 4) & -16L) | (config(0x14, 4) << 32);
    }

    /** Goes on with the BAR at another place. */
    public void barHasMovedTo(long address) {
        long by = address - bar;
        bar = address;
        common += by;
        isr += by;
        device += by;
        notify += by;
    }

    /** Switches MSI-X on with message {@code vector} at vector {@code vector}, none masked. */
    public TestDriver useMsix() {
        int vectors = (int) (config(msixCapability + 2, 2) & 0x7FF) + 1;
        long table = bar + (config(msixCapability + 4, 4) & -8);
        setConfig(msixCapability + 2, 2, 0x8000);
        for (int vector = 0; vector < vectors; vector++) {
            bench.mmio().write(table + 16L * vector, 4, MESSAGE_ADDRESS);
            bench.mmio().write(table + 16L * vector + 4, 4, 0);
            bench.mmio().write(table + 16L * vector + 8, 4, vector);
            bench.mmio().write(table + 16L * vector + 12, 4, 0);
        }
        return this;
    }

    public static String message(int vector) {
        return Long.toHexString(MESSAGE_ADDRESS) + ":" + Integer.toHexString(vector);
    }

    public long common(int offset, int bytes) {
        return bench.mmio().read(common + offset, bytes);
    }

    public void setCommon(int offset, int bytes, long value) {
        bench.mmio().write(common + offset, bytes, value);
    }

    public int status() {
        return (int) common(STATUS_REGISTER, 1);
    }

    public void setStatus(int status) {
        setCommon(STATUS_REGISTER, 1, status);
    }

    /** Resets, and waits for it as a driver does. */
    public TestDriver reset() {
        setStatus(0);
        awaitStatus(0);
        queues.clear();
        return this;
    }

    public void awaitStatus(int wanted) {
        long until = System.nanoTime() + DEADLINE_MILLIS * 1_000_000;
        while (status() != wanted) {
            assertThat(System.nanoTime()).as("status %s becomes %s; log: %s", status(), wanted, bench.log())
                    .isLessThan(until);
            Thread.onSpinWait();
        }
    }

    public long deviceFeatures() {
        setCommon(0, 4, 0);
        long low = common(4, 4);
        setCommon(0, 4, 1);
        return low | (common(4, 4) << 32);
    }

    /** From a reset up to FEATURES_OK. */
    public TestDriver negotiate(long features) {
        reset();
        setStatus(1);
        setStatus(3);
        setCommon(8, 4, 0);
        setCommon(12, 4, features);
        setCommon(8, 4, 1);
        setCommon(12, 4, features >>> 32);
        setStatus(11);
        return this;
    }

    /** Sets a queue up at a place of its own, with the queue's number + 1 as its vector. */
    public TestQueue addQueue(int number, int size, boolean eventIndex) throws GuestAddressException {
        TestQueue queue = new TestQueue(bench.memory(), nextFree, size, eventIndex);
        nextFree += 0x1_0000;
        setCommon(22, 2, number);
        assertThat(common(22, 2)).isEqualTo(number);
        setCommon(24, 2, size);
        setCommon(26, 2, number + 1L);
        setCommon(32, 8, queue.descriptors());
        setCommon(40, 4, queue.available());
        setCommon(44, 4, queue.available() >>> 32);
        setCommon(48, 8, queue.used());
        setCommon(28, 2, 1);
        assertThat(common(28, 2)).as("queue %s is enabled", number).isEqualTo(1);
        queues.put(number, queue);
        return queue;
    }

    /** A queue that was added. */
    public TestQueue queue(int number) {
        return queues.get(number);
    }

    public TestDriver driverOk() {
        setCommon(16, 2, 0);
        setStatus(15);
        return this;
    }

    public long notifyAddress(int queue) {
        return notify + (long) notifyMultiplier * queue;
    }

    public void kick(int queue) {
        bench.store(notifyAddress(queue), 2, queue);
    }

    public long isr() {
        return bench.mmio().read(isr, 1);
    }

    public long deviceConfig(int offset, int bytes) {
        return bench.mmio().read(device + offset, bytes);
    }

    public void setDeviceConfig(int offset, int bytes, long value) {
        bench.mmio().write(device + offset, bytes, value);
    }

    public int msixCapability() {
        return msixCapability;
    }

    public long bar() {
        return bar;
    }
}
