package io.drover.vmm.fuzz;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.GuestBuffers;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.QueueLayout;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.lang.foreign.Arena;

/** A queue anywhere in memory whose bytes are the input, served until it is empty or broken. */
public final class VirtqueueFuzz {
    private static final int MEMORY_BYTES = 64 << 10;
    private static final int MAX_SIZE = 64;
    private static final int MOST_CHAINS = 2 * MAX_SIZE;

    private VirtqueueFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws GuestAddressException {
        FuzzBytes guest = new FuzzBytes(input);
        int flags = guest.next8();
        QueueLayout layout = (flags & 4) != 0
                ? new QueueLayout(guest.next16(), guest.next64(), guest.next64(), guest.next64())
                : new QueueLayout(8, 0, 128, 160);
        try (Arena arena = Arena.ofConfined()) {
            GuestMemory memory = GuestMemory.of(arena.allocate(MEMORY_BYTES, 4096));
            byte[] contents = guest.rest();
            memory.copyIn(0, contents.length > MEMORY_BYTES ? new byte[0] : contents);
            serve(memory, layout, flags);
        }
    }

    private static void serve(GuestMemory memory, QueueLayout layout, int flags) {
        long[] interrupts = new long[1];
        try {
            Virtqueue queue = new Virtqueue(0, memory, layout, MAX_SIZE, (flags & 1) != 0, (flags & 2) != 0,
                    number -> interrupts[0]++);
            DescriptorChain chain = queue.newChain();
            for (int left = MOST_CHAINS; left > 0; left--) {
                queue.ignoreKicks();
                if (!queue.pop(chain)) {
                    queue.publish();
                    if (!queue.heedKicks()) {
                        return;
                    }
                } else {
                    check(memory, chain.readable());
                    check(memory, chain.writable());
                    if (chain.writable().bytes() > 0) {
                        chain.writable().write8(chain.writable().bytes() - 1, 1);
                    }
                    if (chain.readable().bytes() >= Long.BYTES) {
                        chain.readable().read64(chain.readable().bytes() - Long.BYTES);
                    }
                    queue.push(chain.head(), chain.writable().bytes());
                }
            }
        } catch (QueueBreachException expected) {
            // What most inputs are.
        }
    }

    private static void check(GuestMemory memory, GuestBuffers buffers) {
        long base = memory.regions().getFirst().segment().address();
        for (int piece = 0; piece < buffers.count(); piece++) {
            if (!memory.contains(buffers.hostAddress(piece) - base, buffers.length(piece))) {
                throw new AssertionError("piece " + piece + " leaves guest memory");
            }
        }
    }
}
