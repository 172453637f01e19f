package io.drover.vmm.fuzz;

import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.RawDisk;
import io.drover.vmm.limit.RateLimit;
import io.drover.vmm.log.Log;
import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioFeatures;
import io.drover.vmm.virtio.block.BlockDevice;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A block device whose rings and requests are the input: everything is answered, or the device needs a reset, and gets it. */
public final class BlockRequestsFuzz {
    private static final int DISK_BYTES = 64 << 10;
    private static final long CONTENTS = 0x4_0000;
    private static final int MOST_BYTES = 0x1_0000;
    private static final int QUEUE_SIZE = 8;
    private static final int RUNNING = 15;

    private BlockRequestsFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        FuzzBytes guest = new FuzzBytes(input);
        Path file = Files.createTempFile("block-fuzz", ".raw");
        try (VirtioBench bench = new VirtioBench()) {
            Files.write(file, new byte[DISK_BYTES]);
            bench.plug(new BlockDevice(RawDisk.open(LinuxFile.open(file, false), false), "fuzz", 1, true,
                    RateLimit.none(), "disk",
                    new Log(new PrintStream(OutputStream.nullOutputStream()), "fuzz")));
            TestDriver driver = new TestDriver(bench, 1).probe().useMsix()
                    .negotiate(VirtioFeatures.VERSION_1 | VirtioFeatures.INDIRECT_DESC | 1L << 9);
            TestQueue queue = driver.addQueue(0, QUEUE_SIZE, false);
            driver.driverOk();
            int chains = guest.next8() % (QUEUE_SIZE + 1);
            for (int index = 0; index < QUEUE_SIZE; index++) {
                describe(queue, index, guest);
            }
            byte[] contents = guest.rest();
            bench.memory().copyIn(CONTENTS, contents.length > MOST_BYTES ? new byte[0] : contents);
            for (int chain = 0; chain < chains; chain++) {
                queue.offer(chain);
            }
            driver.kick(0);
            long until = System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000;
            while (queue.usedIndex() != chains && driver.status() == RUNNING) {
                if (System.nanoTime() > until) {
                    throw new AssertionError("neither answered nor broken: " + bench.log());
                }
            }
            driver.reset();
            if (bench.log().contains("ERROR")) {
                throw new AssertionError(bench.log());
            }
            if (Files.size(file) != DISK_BYTES) {
                throw new AssertionError("the disk has " + Files.size(file) + " bytes");
            }
        } finally {
            Files.delete(file);
        }
    }

    /** Mostly near the input's bytes, so that there is something to find. */
    private static void describe(TestQueue queue, int index, FuzzBytes guest) throws Exception {
        int flags = guest.next8();
        long address = (flags & 0x80) != 0 ? guest.next64() : CONTENTS + guest.next16();
        int length = (flags & 0x40) != 0 ? (int) guest.next32() : guest.next16() & 0x1FFF;
        queue.describe(index, address, length, flags & 7, guest.next8() & 15);
    }
}
