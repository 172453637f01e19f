package io.drover.vmm.migration.lz4;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against another's implementation, both ways, and against damage. */
class Lz4Test {
    private static final byte GUARD = 0x5A;

    private final Lz4Encoder encoder = new Lz4Encoder();

    static Stream<byte[]> contents() {
        Random random = new Random(7);
        Stream.Builder<byte[]> all = Stream.builder();
        for (int bytes : new int[] {1, 4, 5, 11, 12, 13, 16, 17, 18, 31, 64, 273, 274, 4096, 65_535, 65_536}) {
            for (int alphabet : new int[] {1, 2, 3, 16, 256}) {
                byte[] content = new byte[bytes];
                for (int i = 0; i < bytes; i++) {
                    content[i] = (byte) random.nextInt(alphabet);
                }
                all.add(content);
            }
            for (int period : new int[] {1, 2, 3, 5, 8, 9, 300}) {
                byte[] content = new byte[bytes];
                random.nextBytes(content);
                for (int i = period; i < bytes; i++) {
                    content[i] = content[i - period];
                }
                all.add(content);
            }
        }
        return all.build();
    }

    @ParameterizedTest
    @MethodSource("contents")
    void whatIsPackedIsReadByBothAndTheOthersIsReadToo(byte[] content) throws IOException {
        byte[] packed = pack(content, 2 * content.length + 16);

        assertThat(decode(packed, content.length)).isEqualTo(content);
        assertThat(new BlockLZ4CompressorInputStream(new ByteArrayInputStream(packed)).readAllBytes())
                .isEqualTo(content);

        if (content.length > 4096) {
            // Theirs takes seconds for those.
            return;
        }
        ByteArrayOutputStream theirs = new ByteArrayOutputStream();
        try (BlockLZ4CompressorOutputStream out = new BlockLZ4CompressorOutputStream(theirs)) {
            out.write(content);
        }
        assertThat(decode(theirs.toByteArray(), content.length)).isEqualTo(content);
    }

    @Test
    void blockThatWouldBeTooLongIsNone() {
        byte[] noise = new byte[65_536];
        new Random(1).nextBytes(noise);

        assertThat(encoder.encode(noise, noise.length, new byte[noise.length], noise.length - 1))
                .isEqualTo(-1);
        assertThat(pack(new byte[65_536], 65_536)).hasSizeLessThan(300);
        for (int most = 0; most < 400; most++) {
            byte[] text = "it was the best of times, it was the worst of times, ".repeat(5)
                    .getBytes(StandardCharsets.UTF_8);
            byte[] into = filled(most + 16);
            int bytes = encoder.encode(text, text.length, into, most);
            assertThat(bytes).isLessThanOrEqualTo(most);
            assertGuarded(into, most);
        }
    }

    @Test
    void whatIsNoBlockIsRefused() {
        assertRefused("", 1, "in the midst");
        assertRefused("10", 1, "1 literals at 0");
        assertRefused("F0FF", 70_000, "in the midst");
        assertRefused("1061", 2, "1 bytes came out");
        assertRefused("306162636465", 2, "3 literals at 0");
        assertRefused("1061" + "0000", 100, "0 before 1");
        assertRefused("1061" + "0200", 100, "2 before 1");
        assertRefused("1F61" + "0100" + "FFFFFF00", 100, "a match of");
    }

    private static void assertRefused(String hex, int bytes, String why) {
        assertThatThrownBy(() -> decode(HexFormat.of().parseHex(hex), bytes)).as(hex)
                .isInstanceOf(Lz4FormatException.class).hasMessageContaining(why);
    }

    @Test
    void damagedBlocksAreRefusedOrGiveSoManyBytes() {
        Random random = new Random();
        byte[] content = contents().filter(some -> some.length == 4096).skip(2).findFirst().orElseThrow();
        byte[] packed = pack(content, 2 * content.length);
        int refused = 0;
        for (int round = 0; round < 5_000; round++) {
            byte[] damaged = Arrays.copyOf(packed, random.nextInt(packed.length) + 1);
            for (int flips = random.nextInt(4); flips >= 0; flips--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(decode(damaged, content.length)).hasSize(content.length);
            } catch (Lz4FormatException expected) {
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }

    private byte[] pack(byte[] content, int most) {
        byte[] into = filled(most + 1);
        int bytes = encoder.encode(content, content.length, into, most);
        assertThat(bytes).isPositive();
        assertThat(into[bytes]).isEqualTo(GUARD);
        return Arrays.copyOf(into, bytes);
    }

    /** Nothing behind what was asked for is written. */
    private static byte[] decode(byte[] packed, int bytes) throws Lz4FormatException {
        byte[] into = filled(bytes + 16);
        try {
            Lz4Decoder.decode(packed, packed.length, into, bytes);
        } finally {
            assertGuarded(into, bytes);
        }
        return Arrays.copyOf(into, bytes);
    }

    /** Cheap: it is called often. */
    private static void assertGuarded(byte[] bytes, int from) {
        if (Arrays.mismatch(bytes, from, bytes.length, filled(bytes.length - from), 0, bytes.length - from) >= 0) {
            throw new AssertionError("something was written behind " + from);
        }
    }

    private static byte[] filled(int bytes) {
        byte[] filled = new byte[bytes];
        Arrays.fill(filled, GUARD);
        return filled;
    }
}
