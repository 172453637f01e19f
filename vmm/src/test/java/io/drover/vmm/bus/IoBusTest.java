package io.drover.vmm.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class IoBusTest {
    private final IoBus bus = new IoBus();
    private final Recorder serial = new Recorder(0x1122_3344_5566_7788L);
    private final Recorder clock = new Recorder(0);

    private record Access(long offset, int bytes, long value) {}

    private static final class Recorder implements IoDevice {
        final List<Access> reads = new ArrayList<>();
        final List<Access> writes = new ArrayList<>();
        private final long answer;

        Recorder(long answer) {
            this.answer = answer;
        }

        @Override
        public long read(long offset, int bytes) {
            reads.add(new Access(offset, bytes, 0));
            return answer;
        }

        @Override
        public void write(long offset, int bytes, long value) {
            writes.add(new Access(offset, bytes, value));
        }
    }

    @Test
    void accessesReachTheirDeviceWithTheOffset() {
        bus.register(0x3F8, 8, "serial", serial);
        bus.register(0x70, 2, "clock", clock);

        assertThat(bus.read(0x3FD, 1)).isEqualTo(0x88);
        bus.write(0x71, 1, 0xABCD);

        assertThat(serial.reads).containsExactly(new Access(5, 1, 0));
        assertThat(clock.writes).containsExactly(new Access(1, 1, 0xCD));
    }

    @Test
    void unmappedReadsAreOnesOfTheSizeAndWritesAreIgnored() {
        bus.register(0x3F8, 8, "serial", serial);

        assertThat(bus.read(0x3F7, 1)).isEqualTo(0xFF);
        assertThat(bus.read(0x400, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bus.read(0x400, 8)).isEqualTo(-1L);
        assertThat(bus.read(-1L, 2)).isEqualTo(0xFFFF);
        bus.write(0x400, 4, 7);
        bus.write(-1L, 4, 7);

        assertThat(serial.writes).isEmpty();
    }

    @Test
    void anAccessBehindTheEndIsCutOff() {
        bus.register(0x3F8, 8, "serial", serial);

        assertThat(bus.read(0x3FE, 4)).isEqualTo(0xFFFF_7788L);
        bus.write(0x3FF, 8, -1L);

        assertThat(serial.reads).containsExactly(new Access(6, 2, 0));
        assertThat(serial.writes).containsExactly(new Access(7, 1, 0xFF));
    }

    @Test
    void overlapIsRefusedAndNamesBoth() {
        bus.register(0x3F8, 8, "serial", serial);

        assertThatIllegalArgumentException().isThrownBy(() -> bus.register(0x3FF, 1, "clock", clock))
                .withMessage("range of clock : 0x3ff to 0x3ff (expected: free, but serial has 0x3f8 to 0x3ff)");
        assertThatIllegalArgumentException().isThrownBy(() -> bus.register(0x3F0, 9, "clock", clock));
        assertThatIllegalArgumentException().isThrownBy(() -> bus.register(0, 0x1000, "clock", clock));
        bus.register(0x400, 8, "after", clock);
        bus.register(0x3F0, 8, "before", clock);
    }

    @Test
    void emptyAndWrappingRangesAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> bus.register(0, 0, "none", clock));
        assertThatIllegalArgumentException().isThrownBy(() -> bus.register(-1, 1, "negative", clock));
        assertThatIllegalArgumentException().isThrownBy(() -> bus.register(Long.MAX_VALUE, 2, "wrapping", clock));
    }

    @Property(tries = 300)
    void everyAddressFindsTheDeviceThatWasRegisteredThere(
            @ForAll List<@LongRange(min = 0, max = 200) Long> bases, @ForAll @IntRange(min = 1, max = 12) int length) {
        IoBus random = new IoBus();
        IoDevice[] expected = new IoDevice[256];
        for (long base : bases) {
            Recorder device = new Recorder(base);
            boolean free = true;
            for (long address = base; address < base + length; address++) {
                free &= expected[(int) address] == null;
            }
            try {
                random.register(base, length, "device", device);
                assertThat(free).isTrue();
                for (long address = base; address < base + length; address++) {
                    expected[(int) address] = device;
                }
            } catch (IllegalArgumentException overlap) {
                assertThat(free).as(overlap.getMessage()).isFalse();
            }
        }
        for (int address = 0; address < expected.length; address++) {
            long want = expected[address] == null ? 0xFF : ((Recorder) expected[address]).answer;
            assertThat(random.read(address, 1)).isEqualTo(want);
        }
    }
}
