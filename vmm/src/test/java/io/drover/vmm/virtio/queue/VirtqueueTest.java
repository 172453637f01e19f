package io.drover.vmm.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.virtio.TestQueue;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VirtqueueTest {
    private static final int SIZE = 8;
    private static final long RING = 0x1000;
    private static final long TABLE = 0x5_0000;
    private static final int MEMORY_BYTES = 1 << 20;

    private final GuestMemory memory = GuestMemory.of(Arena.ofAuto().allocate(MEMORY_BYTES, 4096));
    private final List<Integer> interrupts = new ArrayList<>();
    private TestQueue driver;

    private Virtqueue queue(boolean indirect, boolean eventIndex) throws Exception {
        driver = new TestQueue(memory, RING, SIZE, eventIndex);
        return new Virtqueue(0, memory, new QueueLayout(SIZE, driver.descriptors(), driver.available(), driver.used()),
                SIZE, indirect, eventIndex, interrupts::add);
    }

    private void assertBreach(Virtqueue queue, String... words) {
        assertThatExceptionOfType(QueueBreachException.class).isThrownBy(() -> queue.pop(queue.newChain()))
                .withMessageContainingAll(words);
    }

    @Test
    void chainIsReadInOrder() throws Exception {
        Virtqueue queue = queue(false, false);
        DescriptorChain chain = queue.newChain();
        assertThat(queue.pop(chain)).isFalse();
        driver.describe(5, 0x1_0000, 6, TestQueue.NEXT, 2);
        driver.describe(2, 0x2_0000, 0, TestQueue.NEXT, 7);
        driver.describe(7, 0x3_0000, 10, TestQueue.NEXT, 0);
        driver.describe(0, 0x4_0000, 1, TestQueue.WRITE, 9);
        memory.write64(0x1_0000, 0x6655_4433_2211L);
        memory.write64(0x3_0000, 0xEEDD_CCBB_AA99_8877L);
        driver.offer(5);
        assertThat(queue.pop(chain)).isTrue();
        assertThat(queue.pop(queue.newChain())).isFalse();
        assertThat(chain.head()).isEqualTo(5);
        assertThat(chain.readable().bytes()).isEqualTo(16);
        assertThat(chain.readable().count()).isEqualTo(2);
        assertThat(chain.readable().read64(2)).as("across the cut").isEqualTo(0xAA99_8877_6655_4433L);
        assertThat(chain.readable().read32(12)).isEqualTo(0xEEDD);
        assertThat(chain.readable().read32(1)).isEqualTo(0x5544_3322);
        assertThat(chain.writable().bytes()).isEqualTo(1);
        chain.writable().write8(0, 0x7F);
        assertThat(memory.read8(0x4_0000)).isEqualTo(0x7F);
    }

    @Test
    void usedEntriesAreSeenTogether() throws Exception {
        Virtqueue queue = queue(false, false);
        DescriptorChain chain = queue.newChain();
        for (int head = 0; head < 3; head++) {
            driver.describe(head, 0x1_0000, 4, TestQueue.WRITE, 0);
            driver.offer(head);
            assertThat(queue.pop(chain)).isTrue();
            queue.push(chain.head(), head * 10L);
        }
        assertThat(driver.usedIndex()).isZero();
        assertThat(interrupts).isEmpty();
        queue.publish();
        queue.publish();
        assertThat(interrupts).containsExactly(0);
        assertThat(driver.usedIndex()).isEqualTo(3);
        assertThat(List.of(driver.awaitUsed(), driver.awaitUsed(), driver.awaitUsed())).containsExactly(0L,
                (1L << 32) | 10, (2L << 32) | 20);
    }

    @Test
    void driverThatWantsNoInterruptGetsNone() throws Exception {
        Virtqueue queue = queue(false, false);
        driver.setNoInterrupt(true);
        serve(queue, 1);
        assertThat(interrupts).isEmpty();
        driver.setNoInterrupt(false);
        serve(queue, 1);
        assertThat(interrupts).hasSize(1);
    }

    @Test
    void eventIndexSaysWhenToInterrupt() throws Exception {
        Virtqueue queue = queue(false, true);
        driver.setUsedEvent(2);
        serve(queue, 2);
        assertThat(interrupts).as("index 2 is not passed").isEmpty();
        serve(queue, 1);
        assertThat(interrupts).hasSize(1);
        serve(queue, 5);
        assertThat(interrupts).as("long passed").hasSize(1);
        driver.setUsedEvent(10);
        serve(queue, 4);
        assertThat(interrupts).as("passed within a batch").hasSize(2);
    }

    @Test
    void indicesGoAround() throws Exception {
        Virtqueue queue = queue(false, true);
        for (int i = 0; i < 70_000; i += 7) {
            driver.setUsedEvent(driver.usedIndex() + 6);
            int before = interrupts.size();
            serve(queue, 7);
            assertThat(interrupts).as("index %d", i).hasSize(before + 1);
            assertThat(queue.heedKicks()).isFalse();
            assertThat(driver.availableEvent()).isEqualTo((i + 7) & 0xFFFF);
        }
    }

    @Test
    void kicksAreAskedForAndNot() throws Exception {
        Virtqueue queue = queue(false, false);
        queue.ignoreKicks();
        assertThat(driver.usedFlags()).isEqualTo(1);
        assertThat(queue.heedKicks()).isFalse();
        assertThat(driver.usedFlags()).isZero();
        driver.describe(0, 0x1_0000, 4, TestQueue.WRITE, 0);
        driver.offer(0);
        assertThat(queue.heedKicks()).as("something came meanwhile").isTrue();
    }

    private void serve(Virtqueue queue, int requests) throws Exception {
        DescriptorChain chain = queue.newChain();
        for (int i = 0; i < requests; i++) {
            driver.describe(i, 0x1_0000, 4, TestQueue.WRITE, 0);
            driver.offer(i);
            assertThat(queue.pop(chain)).isTrue();
            queue.push(chain.head(), 4);
        }
        queue.publish();
    }

    @Test
    void loopIsABreach() throws Exception {
        Virtqueue queue = queue(false, false);
        driver.describe(0, 0x1_0000, 4, TestQueue.NEXT, 1);
        driver.describe(1, 0x1_0000, 4, TestQueue.NEXT, 0);
        driver.offer(0);
        assertBreach(queue, "descriptors of a chain", "at most 8");
    }

    @Test
    void headThatIsInUseIsABreach() throws Exception {
        Virtqueue queue = queue(false, false);
        driver.describe(0, 0x1_0000, 4, 0, 0);
        driver.offer(0);
        assertThat(queue.pop(queue.newChain())).isTrue();
        driver.offer(0);
        assertBreach(queue, "not in use");
    }

    @Test
    void indexThatRunsAheadIsABreach() throws Exception {
        Virtqueue queue = queue(false, false);
        driver.setAvailableIndex(SIZE + 1);
        assertBreach(queue, "available index : 9");
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE, 0xFFFF})
    void indicesBeyondTheQueueAreBreaches(int index) throws Exception {
        Virtqueue queue = queue(false, false);
        driver.offer(index);
        assertBreach(queue, "available descriptor : " + index);
        Virtqueue other = queue(false, false);
        driver.describe(0, 0x1_0000, 4, TestQueue.NEXT, index);
        driver.offer(0);
        assertBreach(other, "next descriptor : " + index);
    }

    @Test
    void readableBehindWritableIsABreach() throws Exception {
        Virtqueue queue = queue(false, false);
        driver.describe(0, 0x1_0000, 4, TestQueue.NEXT | TestQueue.WRITE, 1);
        driver.describe(1, 0x1_0000, 4, 0, 0);
        driver.offer(0);
        assertBreach(queue, "WRITE");
    }

    @Test
    void piecesThatOverlapCountAsOftenAsTheyAreThere() throws Exception {
        try (Arena arena = Arena.ofShared(); FileHandle file = FileHandle.memory("large", 1L << 30)) {
            GuestMemory large = GuestMemory.of(file.map(1L << 30, arena));
            TestQueue rings = new TestQueue(large, RING, SIZE, false);
            Virtqueue queue = new Virtqueue(0, large,
                    new QueueLayout(SIZE, rings.descriptors(), rings.available(), rings.used()), SIZE, false, false,
                    interrupts::add);
            for (int i = 0; i < SIZE; i++) {
                rings.describe(i, 0, 1 << 30, i < SIZE - 1 ? TestQueue.NEXT : 0, i + 1);
            }
            rings.offer(0);
            assertBreach(queue, "less than 4 GiB");
        }
    }

    @Test
    void indirectTablesAreBounded() throws Exception {
        for (int bytes : new int[] {0, 8, 24, 16 * (SIZE + 1), -16}) {
            Virtqueue queue = queue(true, false);
            driver.describe(0, TABLE, bytes, TestQueue.INDIRECT, 0);
            driver.offer(0);
            assertBreach(queue, "indirect table");
        }
        Virtqueue nested = queue(true, false);
        driver.describeAt(TABLE, TABLE, 16, TestQueue.INDIRECT, 0);
        driver.describe(0, TABLE, 16, TestQueue.INDIRECT, 0);
        driver.offer(0);
        assertBreach(nested, "no INDIRECT");
        Virtqueue goesOn = queue(true, false);
        driver.describe(0, TABLE, 16, TestQueue.INDIRECT | TestQueue.NEXT, 1);
        driver.offer(0);
        assertBreach(goesOn, "not both");
        Virtqueue loop = queue(true, false);
        driver.describeAt(TABLE, 0x1_0000, 1, TestQueue.NEXT, 0);
        driver.describe(0, TABLE, 16, TestQueue.INDIRECT, 0);
        driver.offer(0);
        assertBreach(loop, "at most 8");
        Virtqueue outside = queue(true, false);
        driver.describe(0, MEMORY_BYTES - 16, 32, TestQueue.INDIRECT, 0);
        driver.offer(0);
        assertBreach(outside, "indirect table");
        Virtqueue unasked = queue(false, false);
        driver.describe(0, TABLE, 16, TestQueue.INDIRECT, 0);
        driver.offer(0);
        assertBreach(unasked, "not negotiated");
    }

    @Test
    void layoutsThatCannotBeAreRefused() throws Exception {
        queue(false, false);
        QueueLayout good = new QueueLayout(SIZE, driver.descriptors(), driver.available(), driver.used());
        good.check(memory, SIZE);
        for (QueueLayout bad : List.of(new QueueLayout(0, 0, 0, 0), new QueueLayout(3, 0, 0, 0),
                new QueueLayout(16, 0, 0, 0), new QueueLayout(SIZE, 8, 0, 0), new QueueLayout(SIZE, 0, 1, 0),
                new QueueLayout(SIZE, 0, 0, 2), new QueueLayout(SIZE, MEMORY_BYTES - 64, 0, 0),
                new QueueLayout(SIZE, 0, MEMORY_BYTES - 2, 0), new QueueLayout(SIZE, 0, 0, MEMORY_BYTES - 4),
                new QueueLayout(SIZE, -16, 0, 0), new QueueLayout(SIZE, Long.MAX_VALUE & -16, 0, 0))) {
            assertThatExceptionOfType(QueueBreachException.class).as("%s", bad)
                    .isThrownBy(() -> bad.check(memory, SIZE));
        }
    }

    /** A slow reading of the specification: the pieces of a chain, or nothing when the driver may not have made it. */
    private Optional<List<String>> expected(int head, boolean indirect) throws Exception {
        List<String> pieces = new ArrayList<>();
        long table = driver.descriptors();
        long entries = SIZE;
        boolean inIndirect = false;
        boolean writing = false;
        int at = head;
        long total = 0;
        for (int count = 0; count < SIZE; count++) {
            if (at >= entries) {
                return Optional.empty();
            }
            long address = memory.read64(table + 16L * at);
            long length = memory.read32(table + 16L * at + 8) & 0xFFFF_FFFFL;
            int flags = memory.read16(table + 16L * at + 12);
            int next = memory.read16(table + 16L * at + 14);
            if ((flags & TestQueue.INDIRECT) != 0) {
                if (!indirect || inIndirect || (flags & TestQueue.NEXT) != 0 || length == 0 || length % 16 != 0
                        || length / 16 > SIZE || !memory.contains(address, length)) {
                    return Optional.empty();
                }
                inIndirect = true;
                table = address;
                entries = length / 16;
                at = 0;
                count--;
                continue;
            }
            boolean write = (flags & TestQueue.WRITE) != 0;
            total += length;
            if (total > 0xFFFF_FFFFL) {
                return Optional.empty();
            }
            if ((length > 0 && !memory.contains(address, length)) || (!write && writing)) {
                return Optional.empty();
            }
            if (length > 0) {
                pieces.add((write ? "w" : "r") + address + "+" + length);
                writing |= write;
            }
            if ((flags & TestQueue.NEXT) == 0) {
                return Optional.of(pieces);
            }
            at = next;
        }
        return Optional.empty();
    }

    @Property(tries = 3000)
    void anyChainIsReadAsTheSpecificationSaysOrIsABreach(@ForAll long seed) throws Exception {
        Random random = new Random(seed);
        boolean indirect = random.nextInt(4) > 0;
        Virtqueue queue = queue(indirect, random.nextBoolean());
        boolean wild = random.nextBoolean();
        for (int table = 0; table < 3; table++) {
            for (int i = 0; i < SIZE; i++) {
                long at = (table == 0 ? driver.descriptors() : TABLE + 0x1000L * table) + 16L * i;
                boolean points = table == 0 && random.nextInt(3) == 0;
                long address = points ? TABLE + 0x1000L * (1 + random.nextInt(2))
                        : wild && random.nextInt(8) == 0 ? random.nextLong() : random.nextInt(MEMORY_BYTES);
                int length = points ? 16 * random.nextInt(SIZE + 2)
                        : random.nextInt(5) == 0 ? 0 : wild && random.nextInt(8) == 0 ? random.nextInt()
                                : random.nextInt(4096);
                int flags = points ? TestQueue.INDIRECT
                        : (random.nextInt(3) > 0 ? TestQueue.NEXT : 0)
                                | (i >= SIZE / 2 || (wild && random.nextBoolean()) ? TestQueue.WRITE : 0);
                int next = wild && random.nextInt(8) == 0 ? random.nextInt(1 << 16)
                        : Math.min(SIZE - 1, i + 1 + random.nextInt(2));
                driver.describeAt(at, address, length, wild && random.nextInt(8) == 0 ? random.nextInt(1 << 16) : flags,
                        next);
            }
        }
        int head = wild ? random.nextInt(SIZE + 1) : random.nextInt(SIZE);
        driver.offer(head);
        Optional<List<String>> expected = head < SIZE ? expected(head, indirect) : Optional.empty();
        DescriptorChain chain = queue.newChain();
        Optional<List<String>> popped;
        try {
            assertThat(queue.pop(chain)).isTrue();
            List<String> pieces = new ArrayList<>();
            describe(pieces, "r", chain.readable());
            describe(pieces, "w", chain.writable());
            popped = Optional.of(pieces);
        } catch (QueueBreachException expectedBreach) {
            popped = Optional.empty();
        }
        assertThat(popped).isEqualTo(expected);
    }

    private void describe(List<String> pieces, String kind, GuestBuffers buffers) {
        long base = memory.regions().getFirst().segment().address();
        for (int i = 0; i < buffers.count(); i++) {
            pieces.add(kind + (buffers.hostAddress(i) - base) + "+" + buffers.length(i));
        }
    }

    @Property(tries = 300)
    void anyMemoryIsServedOrIsABreach(@ForAll long seed) throws Exception {
        Random random = new Random(seed);
        Virtqueue queue = queue(true, random.nextBoolean());
        byte[] bytes = new byte[0x200];
        random.nextBytes(bytes);
        memory.copyIn(RING, bytes);
        driver.setAvailableIndex(random.nextInt(SIZE + 2));
        DescriptorChain chain = queue.newChain();
        Set<Integer> heads = new HashSet<>();
        try {
            while (queue.pop(chain)) {
                assertThat(heads.add(chain.head())).as("each head once").isTrue();
            }
            for (int head : heads) {
                queue.push(head, 1);
            }
            queue.publish();
        } catch (QueueBreachException expected) {
            assertThat(expected).hasMessageContaining("expected");
        }
        assertThat(heads.size()).isLessThanOrEqualTo(SIZE);
    }
}
