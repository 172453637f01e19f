package io.drover.vmm.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class IoVectorTest {
    private final ByteBuffer memory = ByteBuffer.allocateDirect(64);
    private final IoVector vector = new IoVector(4);

    @Test
    void copiesGoOverPiecesInTheirOrder() {
        vector.add(memory, 10, 3);
        vector.add(memory, 0, 2);
        vector.add(memory, 40, 5);
        vector.copyFrom(1, bytes("bcdefgh"));
        assertThat(text(10, 3)).isEqualTo("\0bc");
        assertThat(text(0, 2)).isEqualTo("de");
        assertThat(text(40, 5)).isEqualTo("fgh\0\0");

        ByteBuffer read = ByteBuffer.allocate(4);
        vector.copyTo(2, read);
        assertThat(new String(read.array(), StandardCharsets.US_ASCII)).isEqualTo("cdef");
        assertThat(read.hasRemaining()).isFalse();

        vector.clearBytes(3, 3);
        assertThat(text(0, 2)).isEqualTo("\0\0");
        assertThat(text(40, 2)).isEqualTo("\0g");
    }

    @Test
    void sliceIsTheSameMemory() {
        vector.add(memory, 0, 4);
        vector.add(memory, 8, 4);
        vector.add(memory, 16, 4);
        IoVector slice = new IoVector(3);
        vector.slice(2, 8, slice);
        assertThat(slice.count()).isEqualTo(3);
        assertThat(slice.byteCount()).isEqualTo(8);
        slice.copyFrom(0, bytes("abcdefgh"));
        assertThat(text(2, 2) + text(8, 4) + text(16, 2)).isEqualTo("abcdefgh");

        slice.clear();
        vector.slice(4, 4, slice);
        assertThat(slice.count()).isEqualTo(1);
        slice.clear();
        vector.slice(12, 0, slice);
        assertThat(slice.byteCount()).isZero();
    }

    @Test
    void clearedVectorIsEmptyAndTakesAsMuchAgain() {
        for (int round = 0; round < 2; round++) {
            for (int piece = 0; piece < 4; piece++) {
                assertThat(vector.isFull()).isFalse();
                vector.add(memory, piece, 1);
            }
            assertThat(vector.isFull()).isTrue();
            assertThatThrownBy(() -> vector.add(memory, 0, 1)).isInstanceOf(IllegalStateException.class);
            vector.add(memory, 0, 0);
            vector.clear();
            assertThat(vector.count()).isZero();
            assertThat(vector.byteCount()).isZero();
        }
    }

    @Test
    void rangesOutsideAreRefused() {
        vector.add(memory, 0, 8);
        IoVector into = new IoVector(1);
        assertThatThrownBy(() -> vector.slice(4, 5, into)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("range of an I/O vector : 5 bytes at 4 (expected: within its 8 bytes)");
        assertThatThrownBy(() -> vector.slice(-1, 1, into)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> vector.slice(9, Long.MAX_VALUE, into)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> vector.copyTo(0, ByteBuffer.allocate(9))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> vector.add(ByteBuffer.allocate(8), 0, 8)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> vector.add(0, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new IoVector(1025)).isInstanceOf(IllegalArgumentException.class);
    }

    private String text(int from, int length) {
        byte[] bytes = new byte[length];
        memory.get(from, bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
