package io.drover.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class Lz4LegacyChannelTest {
    private static final int MOST_BYTES = 4 << 20;

    @Property(tries = 60)
    void whatWasPackedComesBack(@ForAll long seed, @ForAll @IntRange(min = 1, max = 1_500_000) int length,
            @ForAll @IntRange(min = 1, max = 9) int variety,
            @ForAll @IntRange(min = 1000, max = 2_000_000) int blockBytes)
            throws IOException {
        byte[] data = text(new Random(seed), length, variety);
        assertThat(Arrays.equals(unpacked(Lz4LegacyWriter.frame(data, blockBytes)), data)).isTrue();
    }

    @Property(tries = 2000)
    void anyBytesEndInDataOrAnIoException(@ForAll @Size(max = 200) byte[] bytes) {
        byte[] frame = new byte[8 + bytes.length];
        KernelFiles.edit(frame).putInt(0, Lz4LegacyChannel.MAGIC).putInt(4, bytes.length).put(8, bytes);
        try {
            assertThat(unpacked(frame).length).isLessThan(256 * (bytes.length + 1));
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("LZ4 data");
        }
    }

    @Test
    void matchesMayReachBackJustUnder64KiB() throws IOException {
        byte[] data = new byte[70_000];
        new Random(1).nextBytes(data);
        byte[] twice = Arrays.copyOf(data, 65_535 + 1000);
        System.arraycopy(data, 0, twice, 65_535, 1000);
        byte[] frame = Lz4LegacyWriter.frame(twice, 1 << 20);
        assertThat(frame.length).isLessThan(66_000);
        assertThat(unpacked(frame)).isEqualTo(twice);
    }

    @Test
    void everyCutIsNoticed() throws IOException {
        byte[] data = text(new Random(7), 3000, 3);
        byte[] frame = Lz4LegacyWriter.frame(data, 1 << 20);
        for (int length = 9; length < frame.length; length++) {
            byte[] cut = Arrays.copyOf(frame, length);
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> unpacked(cut));
        }
    }

    @Test
    void matchesBeforeTheBlockAreRefused() {
        byte[] oneLiteralThenTwoBack = {0x10, 'a', 2, 0, 0};
        byte[] frame = new byte[8 + oneLiteralThenTwoBack.length];
        KernelFiles.edit(frame).putInt(0, Lz4LegacyChannel.MAGIC).putInt(4, oneLiteralThenTwoBack.length)
                .put(8, oneLiteralThenTwoBack);
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> unpacked(frame))
                .withMessage("LZ4 data : match 2 bytes back (expected: 1 to 1)");
    }

    private static byte[] text(Random random, int length, int variety) {
        byte[] data = new byte[length];
        for (int at = 0; at < length;) {
            int run = Math.min(1 + random.nextInt(random.nextBoolean() ? 12 : 3000), length - at);
            boolean repeat = random.nextInt(10) >= variety;
            byte value = (byte) random.nextInt(256);
            for (int i = 0; i < run; i++, at++) {
                data[at] = repeat ? value : (byte) random.nextInt(1 + 28 * variety);
            }
        }
        return data;
    }

    private static byte[] unpacked(byte[] frame) throws IOException {
        Lz4LegacyChannel channel = new Lz4LegacyChannel(Channels.newChannel(new ByteArrayInputStream(frame)));
        ByteBuffer data = ByteBuffer.allocate(MOST_BYTES);
        int read = 0;
        while (data.hasRemaining() && read >= 0) {
            read = channel.read(data);
        }
        return Arrays.copyOf(data.array(), data.position());
    }
}
