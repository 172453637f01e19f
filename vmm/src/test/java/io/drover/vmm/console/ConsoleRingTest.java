package io.drover.vmm.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ConsoleRingTest {
    private static final ConsoleRing.Listener NOBODY = () -> {};

    @Test
    void readerGetsScrollbackAndThenWhatComes() {
        ConsoleRing ring = new ConsoleRing();
        print(ring, "before ");
        ConsoleRing.Reader reader = ring.reader(false, NOBODY);
        print(ring, "after");
        assertThat(readAll(reader)).isEqualTo("before after");
        assertThat(reader.takeLost()).isZero();
    }

    @Test
    void readerMaySkipScrollback() {
        ConsoleRing ring = new ConsoleRing();
        print(ring, "before ");
        ConsoleRing.Reader reader = ring.reader(true, NOBODY);
        print(ring, "after");
        assertThat(readAll(reader)).isEqualTo("after");
    }

    @Test
    void listenerIsCalledOnceUntilItsReaderHasReadAll() {
        ConsoleRing ring = new ConsoleRing();
        int[] calls = {0};
        ConsoleRing.Reader reader = ring.reader(false, () -> calls[0]++);
        print(ring, "not idle yet");
        assertThat(calls[0]).isZero();
        readAll(reader);
        print(ring, "one call");
        assertThat(calls[0]).isEqualTo(1);
        readAll(reader);
        reader.close();
        print(ring, "closed");
        assertThat(calls[0]).isEqualTo(1);
    }

    @Test
    void scrollbackIsAtLeast64KiB() {
        assertThat(ConsoleRing.BYTES).isGreaterThanOrEqualTo(64 << 10);
        ConsoleRing ring = new ConsoleRing();
        for (int index = 0; index < 3 * ConsoleRing.BYTES; index++) {
            ring.append((byte) index);
        }
        ConsoleRing.Reader late = ring.reader(false, NOBODY);
        byte[] kept = new byte[ConsoleRing.BYTES + 1];
        assertThat(late.read(kept)).isEqualTo(ConsoleRing.BYTES);
        assertThat(late.takeLost()).as("who attaches late has lost nothing").isZero();
    }

    /** However reading and printing interleave: what was read and what was lost add up, and every byte is the right one. */
    @Property(tries = 200)
    void bytesReadAndLostAddUp(@ForAll List<@IntRange(max = 300_000) Integer> steps) {
        ConsoleRing ring = new ConsoleRing();
        ConsoleRing.Reader reader = ring.reader(false, NOBODY);
        long printed = 0;
        long position = 0;
        byte[] chunk = new byte[5000];
        for (int step : steps) {
            for (int index = 0; index < step; index++) {
                ring.append((byte) (printed % 251));
                printed++;
            }
            int length = reader.read(chunk);
            position += reader.takeLost();
            for (int index = 0; index < length; index++) {
                assertThat(chunk[index]).isEqualTo((byte) (position % 251));
                position++;
            }
        }
        for (int length = reader.read(chunk); length > 0; length = reader.read(chunk)) {
            position += reader.takeLost() + length;
        }
        assertThat(position).isEqualTo(printed);
    }

    private static void print(ConsoleRing ring, String text) {
        for (byte value : text.getBytes(StandardCharsets.US_ASCII)) {
            ring.append(value);
        }
    }

    private static String readAll(ConsoleRing.Reader reader) {
        StringBuilder text = new StringBuilder();
        byte[] chunk = new byte[4];
        for (int length = reader.read(chunk); length > 0; length = reader.read(chunk)) {
            text.append(new String(chunk, 0, length, StandardCharsets.US_ASCII));
        }
        return text.toString();
    }
}
