package io.drover.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.bus.IoBus;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.RecordedLine;
import io.drover.vmm.interrupt.RecordedMessages;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class PciEndpointTest {
    private static final int VECTORS = 3;
    private static final int COMMAND = 0x04;
    private static final int BAR_LOW = 0x10;
    private static final int BAR_HIGH = 0x14;

    private final IoBus mmio = new IoBus();
    private final PciBus bus = new PciBus();
    private final RecordedMessages messages = new RecordedMessages();
    private final List<RecordedLine> lines = new ArrayList<>();
    private final List<String> heard = new ArrayList<>();
    private final PciEndpoint endpoint;

    PciEndpointTest() throws IOException {
        List<InterruptLine> inputs = new ArrayList<>();
        for (int i = 0; i < PciWindows.GSIS; i++) {
            lines.add(new RecordedLine());
            inputs.add(lines.getLast());
        }
        PciRoot root = new PciRoot(bus, mmio, messages, inputs);
        endpoint = root.endpoint("endpoint", new PciEndpoint.Identity(0x1AF4, 0x1044, 1, 0xFF_0000, 0x1AF4, 0x1100),
                VECTORS, new PciEndpoint.Owner() {
                    @Override
                    public void mapped(long address) {
                        heard.add("mapped " + Long.toHexString(address));
                    }

                    @Override
                    public void unmapped() {
                        heard.add("unmapped");
                    }

                    @Override
                    public void busMaster(boolean allowed) {
                        heard.add("bus master " + allowed);
                    }
                });
        endpoint.addRegisters(0, 8, "register", new IoDevice() {
            @Override
            public long read(long offset, int bytes) {
                return 0x1122_3344_5566_7788L;
            }

            @Override
            public void write(long offset, int bytes, long value) {
                heard.add("wrote " + Long.toHexString(value));
            }
        });
        root.plug(endpoint, endpoint);
    }

    private long read(int offset, int bytes) {
        return mmio.read(PciWindows.ECAM_BASE + 0x8000 + offset, bytes);
    }

    private void write(int offset, int bytes, long value) {
        mmio.write(PciWindows.ECAM_BASE + 0x8000 + offset, bytes, value);
    }

    @Test
    void nothingIsMappedBeforeMemoryIsSwitchedOn() {
        assertThat(mmio.read(PciWindows.LOW_BASE, 4)).isEqualTo(0xFFFF_FFFFL);
        write(COMMAND, 2, 2);
        assertThat(mmio.read(PciWindows.LOW_BASE, 8)).isEqualTo(0x1122_3344_5566_7788L);
        write(COMMAND, 2, 0);
        assertThat(mmio.read(PciWindows.LOW_BASE, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(heard).containsExactly("mapped c0000000", "unmapped");
    }

    @Test
    void guestLearnsTheBarsSizeByWritingOnes() {
        write(BAR_LOW, 4, 0xFFFF_FFFFL);
        write(BAR_HIGH, 4, 0xFFFF_FFFFL);
        assertThat(read(BAR_LOW, 4)).isEqualTo((-PciEndpoint.BAR_BYTES & 0xFFFF_FFFFL) | 4);
        assertThat(read(BAR_HIGH, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(read(0x18, 4)).as("there is no other").isZero();
    }

    @Test
    void barFollowsBothOfItsHalves() {
        write(COMMAND, 2, 6);
        write(BAR_LOW, 4, 0x4_0000);
        write(BAR_HIGH, 4, 0x10);
        assertThat(mmio.read(0x10_0004_0000L, 4)).isEqualTo(0x5566_7788L);
        assertThat(mmio.read(PciWindows.LOW_BASE, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(heard).containsExactly("mapped c0000000", "bus master true", "unmapped", "mapped 40000", "unmapped",
                "mapped 1000040000");
    }

    @Test
    void barOverSomethingElseIsNowhere() {
        write(COMMAND, 2, 2);
        write(BAR_LOW, 4, PciWindows.ECAM_BASE);
        assertThat(read(0, 4)).as("configuration is still there").isEqualTo(0x1044_1AF4L);
        write(BAR_LOW, 4, 0xD000_0000L);
        assertThat(mmio.read(0xD000_0000L, 4)).isEqualTo(0x5566_7788L);
        write(BAR_HIGH, 4, 0xFFFF_FFFFL);
        assertThat(mmio.read(0xFFFF_FFFF_D000_0000L, 4)).as("beyond 2^63").isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void headerIsReadOnlyButForWhatIsNot() {
        byte[] before = config();
        for (int offset = 0; offset < 256; offset += 4) {
            if (offset != 0x10 && offset != 0x14) {
                write(offset, 4, 0xFFFF_FFFFL);
            }
        }
        byte[] after = config();
        List<Integer> changed = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            if (before[i] != after[i]) {
                changed.add(i);
            }
        }
        int msix = (int) read(0x34, 1);
        assertThat(changed).containsExactly(0x04, 0x05, 0x3C, msix + 3);
        assertThat(read(COMMAND, 2)).isEqualTo(0x0546);
    }

    private byte[] config() {
        byte[] bytes = new byte[256];
        for (int i = 0; i < 256; i++) {
            bytes[i] = (byte) read(i, 1);
        }
        return bytes;
    }

    @Test
    void interruptThatIsMaskedWaits() {
        write(COMMAND, 2, 2);
        int msix = (int) read(0x34, 1);
        long table = PciWindows.LOW_BASE + (read(msix + 4, 4) & -8);
        long pending = PciWindows.LOW_BASE + (read(msix + 8, 4) & -8);
        assertThat(read(msix + 2, 2)).isEqualTo(VECTORS - 1);
        assertThat(endpoint.msix().raise(1)).as("MSI-X is off").isFalse();

        write(msix + 2, 2, 0x8000);
        mmio.write(table + 16, 8, 0xFEE0_1000L);
        mmio.write(table + 24, 4, 0x42);
        assertThat(endpoint.msix().raise(1)).isTrue();
        assertThat(endpoint.msix().raise(1)).isTrue();
        assertThat(mmio.read(pending, 8)).isEqualTo(0b10);
        assertThat(messages.raised()).isEmpty();
        mmio.write(table + 28, 4, 0);
        assertThat(messages.raised()).containsExactly("fee01000:42");
        assertThat(mmio.read(pending, 8)).isZero();

        write(msix + 2, 2, 0xC000);
        assertThat(endpoint.msix().raise(1)).isTrue();
        assertThat(mmio.read(pending, 8)).isEqualTo(0b10);
        write(msix + 2, 2, 0x8000);
        assertThat(messages.raised()).containsExactly("fee01000:42", "fee01000:42");

        mmio.write(table + 24, 4, 0x43);
        assertThat(endpoint.msix().raise(1)).isTrue();
        assertThat(endpoint.msix().raise(VECTORS)).as("goes nowhere").isTrue();
        assertThat(messages.raised()).endsWith("fee01000:42", "fee01000:43").hasSize(3);
    }

    @Test
    void pinCanBeSwitchedOff() {
        RecordedLine line = lines.get(1);
        endpoint.setPin(true);
        assertThat(line.asserted()).isTrue();
        assertThat(read(0x06, 2)).isEqualTo(0x18);
        write(COMMAND, 2, 0x400);
        assertThat(line.asserted()).isFalse();
        assertThat(read(0x04, 4)).isEqualTo(0x18_0400);
        write(COMMAND, 2, 0);
        assertThat(line.asserted()).isTrue();
        endpoint.setPin(false);
        assertThat(line.asserted()).isFalse();
    }

    @Test
    void extendedConfigurationIsNotThere() {
        assertThat(mmio.read(PciWindows.ECAM_BASE + 0x8100, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(mmio.read(PciWindows.ECAM_BASE + 0x9000, 4)).as("function 1").isEqualTo(0xFFFF_FFFFL);
        assertThat(mmio.read(PciWindows.ECAM_BASE + 0x8000, 8)).isEqualTo(0x0010_0000_1044_1AF4L);
    }

    @Property(tries = 200)
    void anyAccessIsAnsweredAndOneBarIsMappedAtMost(@ForAll long seed) throws IOException {
        PciEndpointTest guest = new PciEndpointTest();
        Random random = new Random(seed);
        for (int i = 0; i < 500; i++) {
            long address = switch (random.nextInt(3)) {
                case 0 -> PciWindows.ECAM_BASE + 0x8000 + random.nextInt(300);
                case 1 -> PciWindows.LOW_BASE + random.nextInt((int) PciEndpoint.BAR_BYTES + 8);
                default -> (guest.read(BAR_LOW, 4) & -16) + (guest.read(BAR_HIGH, 4) << 32) + random.nextInt(0x6000);
            };
            int bytes = 1 + random.nextInt(8);
            if (random.nextBoolean()) {
                guest.mmio.read(address, bytes);
            } else {
                guest.mmio.write(address, bytes, random.nextBoolean() ? random.nextLong() : random.nextInt(8));
            }
            guest.endpoint.msix().raise(random.nextInt(VECTORS + 1));
        }
        long mapped = guest.heard.stream().filter(line -> line.startsWith("mapped")).count();
        long unmapped = guest.heard.stream().filter("unmapped"::equals).count();
        assertThat(mapped - unmapped).isBetween(0L, 1L);
    }
}
