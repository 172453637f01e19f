package io.drover.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class InitramfsCheckTest {
    private static final byte[] CPIO = KernelFiles.cpio("init", "#!/bin/sh\n".getBytes(StandardCharsets.US_ASCII));

    @Test
    void wholeOnesPass() {
        byte[] noise = new byte[300_000];
        new Random(1).nextBytes(noise);
        assertThat(problem(CPIO)).isEmpty();
        assertThat(problem(KernelFiles.gzip(CPIO))).isEmpty();
        assertThat(problem(KernelFiles.gzip(noise))).isEmpty();
        assertThat(problem(Lz4LegacyWriter.frame(noise, 100_000))).isEmpty();
        assertThat(problem(zstd(CPIO))).isEmpty();
        assertThat(problem(xz())).isEmpty();
    }

    @Test
    void microcodeBeforeTheArchiveAndZerosAfterItPass() {
        assertThat(problem(join(CPIO, new byte[512 - CPIO.length % 512], zstd(CPIO), new byte[100]))).isEmpty();
        assertThat(problem(join(CPIO, new byte[8], CPIO))).isEmpty();
    }

    @Test
    void everyCutIsNoticedInEveryFormat() {
        byte[] trailing = new byte[] {1, 2, 3, 4};
        for (byte[] whole : new byte[][] {CPIO, KernelFiles.gzip(CPIO), Lz4LegacyWriter.frame(CPIO, 1 << 20),
                zstd(CPIO), xz(),
                join(CPIO, new byte[4], zstd(CPIO)), join(CPIO, KernelFiles.gzip(CPIO))}) {
            // The padding behind a cpio trailer is not needed.
            int least = Arrays.equals(whole, CPIO) ? whole.length - 4 : whole.length - 1;
            for (int length = 5; length <= least; length++) {
                boolean firstArchiveOnly = length >= CPIO.length - 4 && length <= CPIO.length + 4;
                Optional<String> problem = problem(Arrays.copyOf(whole, length));
                if (!firstArchiveOnly) {
                    assertThat(problem).as("cut to %d of %d", length, whole.length).isPresent();
                }
            }
        }
        assertThat(problem(join(CPIO, trailing))).hasValueSatisfying(text -> assertThat(text).contains("unknown data"));
    }

    @Test
    void damagedGzipIsNoticed() {
        byte[] gzip = KernelFiles.gzip(CPIO);
        Arrays.fill(gzip, 10, 20, (byte) 0xFF);
        assertThat(problem(gzip)).isPresent();
    }

    @Test
    void whatIsNoArchiveIsRefused() {
        assertThat(problem("hello world, this is no archive".getBytes(StandardCharsets.US_ASCII)))
                .hasValueSatisfying(text -> assertThat(text).startsWith("begins with 0x68656c6c"));
        assertThat(problem(new byte[64])).hasValueSatisfying(text -> assertThat(text).contains("nothing but zeros"));
    }

    @Property(tries = 3000)
    void mutatedOnesNeverThrow(@ForAll @IntRange(min = 0, max = 5) int which, @ForAll long seed) {
        byte[] file = new byte[][] {CPIO, KernelFiles.gzip(CPIO), Lz4LegacyWriter.frame(CPIO, 1 << 20), zstd(CPIO),
                xz(),
                join(CPIO, new byte[4], zstd(CPIO))}[which].clone();
        Random random = new Random(seed);
        for (int i = 0; i < 4; i++) {
            file[random.nextInt(file.length)] = (byte) random.nextInt(256);
        }
        Optional<String> problem = problem(Arrays.copyOf(file, 1 + random.nextInt(file.length)));
        assertThat(problem.map(String::isBlank)).isNotEqualTo(Optional.of(true));
    }

    private static Optional<String> problem(byte[] file) {
        MemorySegment segment = java.lang.foreign.Arena.ofAuto().allocate(file.length);
        segment.copyFrom(MemorySegment.ofArray(file));
        return InitramfsCheck.problemOf(segment);
    }

    /** A frame of raw blocks, with a checksum that nobody computes here. */
    private static byte[] zstd(byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0b0000_0100, 0x50});
        int half = content.length / 2;
        out.writeBytes(new byte[] {(byte) (half << 3), (byte) (half >> 5), (byte) (half >> 13)});
        out.write(content, 0, half);
        int rest = content.length - half;
        out.writeBytes(new byte[] {(byte) (rest << 3 | 1), (byte) (rest >> 5), (byte) (rest >> 13)});
        out.write(content, half, rest);
        out.writeBytes(new byte[] {9, 9, 9, 9});
        return out.toByteArray();
    }

    /** `printf '' | xz`: the smallest stream there is. */
    private static byte[] xz() {
        return java.util.HexFormat.of().parseHex("fd377a585a000004e6d6b446000000001cdf44211fb6f37d010000000004595a");
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
