package io.drover.vmm.fuzz;

import io.drover.vmm.log.Log;
import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioFeatures;
import io.drover.vmm.virtio.balloon.BalloonDevice;
import io.drover.vmm.virtio.balloon.BalloonOptions;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;

/**
 * A balloon whose rings, page numbers, free memory, statistics and configuration are the input, its own rings among what may be
 * given back: everything is answered, or the device needs a reset, and gets it.
 */
public final class BalloonFuzz {
    private static final long CONTENTS = 0x4_0000;
    private static final int MOST_BYTES = 0x1_0000;
    private static final int QUEUE_SIZE = 8;
    private static final int QUEUES = 5;
    private static final int RUNNING = 15;
    private static final long FEATURES = VirtioFeatures.VERSION_1 | VirtioFeatures.INDIRECT_DESC | 0b11_0110;

    private BalloonFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        FuzzBytes guest = new FuzzBytes(input);
        try (VirtioBench bench = new VirtioBench()) {
            BalloonDevice device = new BalloonDevice("balloon", new BalloonOptions(true, true, Duration.ofHours(1)),
                    bench.backing(), VirtioBench.MEMORY_BYTES, () -> Instant.EPOCH,
                    new Log(new PrintStream(OutputStream.nullOutputStream()), "fuzz"));
            device.start(bench.plug(device)::configurationChanged);
            TestDriver driver = new TestDriver(bench, 1).probe().useMsix().negotiate(FEATURES & ~guest.next8());
            if (driver.status() != RUNNING - 4) {
                return;
            }
            int number = guest.next8() % QUEUES;
            TestQueue queue = driver.addQueue(number, QUEUE_SIZE, false);
            driver.driverOk();
            driver.setDeviceConfig(guest.next8(), 1 << (guest.next8() & 3), guest.next64());
            int chains = guest.next8() % (QUEUE_SIZE + 1);
            for (int index = 0; index < QUEUE_SIZE; index++) {
                int flags = guest.next8();
                long address = (flags & 0x80) != 0 ? guest.next64() : CONTENTS + guest.next16();
                int length = (flags & 0x40) != 0 ? (int) guest.next32() : guest.next16() & 0x1FFF;
                queue.describe(index, address, length, flags & 7, guest.next8() & 15);
            }
            byte[] contents = guest.rest();
            bench.memory().copyIn(CONTENTS, contents.length > MOST_BYTES ? new byte[0] : contents);
            for (int chain = 0; chain < chains; chain++) {
                queue.offer(chain);
            }
            driver.kick(number);
            driver.reset();
            if (device.state().residentBytes() > VirtioBench.MEMORY_BYTES) {
                throw new AssertionError("more memory than there is: " + device.state());
            }
            if (bench.log().contains("ERROR")) {
                throw new AssertionError(bench.log());
            }
        }
    }
}
