package io.drover.vmm.fuzz;

import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioFeatures;
import io.drover.vmm.virtio.console.ConsoleDevice;
import io.drover.vmm.virtio.console.Terminal;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A console device with a named port that has a client, whose messages and writes from the guest are the input: everything
 * is taken, or the device needs a reset, and gets it.
 */
public final class ConsoleMessagesFuzz {
    private static final long MULTIPORT = 1L << 1;
    private static final int QUEUES = 6;
    private static final int QUEUE_SIZE = 16;
    private static final int BUFFER_BYTES = 256;
    private static final long BUFFERS = 0x8_0000;
    private static final int RUNNING = 15;

    private ConsoleMessagesFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        FuzzBytes guest = new FuzzBytes(input);
        Path folder = Files.createTempDirectory("console-fuzz");
        Path socket = folder.resolve("p");
        try (VirtioBench bench = new VirtioBench();
                SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            Terminal terminal = new Terminal(octet -> {}, () -> {});
            bench.plug(ConsoleDevice.listen("console", terminal, true,
                    List.of(new ConsoleDevice.NamedPort("port", socket))));
            client.connect(UnixDomainSocketAddress.of(socket));
            client.write(ByteBuffer.wrap(new byte[] {'h', 'i'}));
            terminal.offer(new byte[] {'x'}, 0, 1);
            TestDriver driver = new TestDriver(bench, 1).probe().useMsix()
                    .negotiate(VirtioFeatures.VERSION_1 | MULTIPORT);
            for (int queue = 0; queue < QUEUES; queue++) {
                driver.addQueue(queue, QUEUE_SIZE, false);
            }
            driver.driverOk();
            int[] offered = new int[QUEUES];
            while (!guest.isUsedUp() && driver.status() == RUNNING) {
                int number = guest.next8() % QUEUES;
                if (offered[number] == QUEUE_SIZE) {
                    break;
                }
                TestQueue queue = driver.queue(number);
                boolean receives = (number & 1) == 0;
                long at = BUFFERS + (long) BUFFER_BYTES * (QUEUE_SIZE * number + offered[number]);
                int length = guest.next8();
                if (!receives) {
                    bench.memory().write64(at, guest.next64() & 0x0007_000F_0000_0003L);
                }
                queue.describe(offered[number], at, length, receives ? TestQueue.WRITE : 0, 0);
                queue.offer(offered[number]);
                offered[number]++;
                driver.kick(number);
                if (number == 1 || number == 3) {
                    awaitTaken(bench, driver, queue, offered[number]);
                }
            }
            driver.reset();
            if (bench.log().contains("ERROR")) {
                throw new AssertionError(bench.log());
            }
        } finally {
            Files.delete(folder);
        }
    }

    private static void awaitTaken(VirtioBench bench, TestDriver driver, TestQueue queue, int offered)
            throws Exception {
        long until = System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000;
        while (queue.usedIndex() != offered && driver.status() == RUNNING) {
            if (System.nanoTime() > until) {
                throw new AssertionError("neither taken nor broken: " + bench.log());
            }
        }
    }
}
