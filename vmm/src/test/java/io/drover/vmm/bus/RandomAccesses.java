package io.drover.vmm.bus;

import java.util.Random;

/** A guest that does anything at all with a device, as far as a bus lets it through. */
public final class RandomAccesses {
    private static final int ACCESSES = 400;

    private RandomAccesses() {}

    public static void to(IoDevice device, int length, long seed) {
        IoBus bus = new IoBus();
        bus.register(0x100, length, "device", device);
        Random random = new Random(seed);
        for (int i = 0; i < ACCESSES; i++) {
            long address = 0xF8L + random.nextInt(length + 16);
            int bytes = 1 + random.nextInt(8);
            if (random.nextBoolean()) {
                bus.read(address, bytes);
            } else {
                bus.write(address, bytes, random.nextInt(3) == 0 ? random.nextLong() : random.nextInt(256));
            }
        }
    }
}
