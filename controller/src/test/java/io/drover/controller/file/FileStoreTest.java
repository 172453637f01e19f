package io.drover.controller.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.controller.record.Sha256;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files are there whole or not at all. */
final class FileStoreTest {
    private static final byte[] BYTES = {1, 2, 3};
    private static final Sha256 SHA256 = Sha256.of(BYTES);

    @TempDir
    private Path folder;
    private FileStore files;

    @BeforeEach
    void open() throws Exception {
        files = new FileStore(folder);
    }

    private void store() throws Exception {
        try (Upload upload = files.upload(SHA256, BYTES.length)) {
            upload.write(ByteBuffer.wrap(BYTES));
            upload.finish();
        }
    }

    @Test
    void storedFileIsReadUnderItsHash() throws Exception {
        assertThat(files.size(SHA256)).isEmpty();
        assertThatThrownBy(() -> files.open(SHA256)).isInstanceOf(NoSuchFileException.class);
        store();
        assertThat(files.size(SHA256)).hasValue(3);
        try (var in = files.open(SHA256)) {
            assertThat(in.readAllBytes()).isEqualTo(BYTES);
        }
    }

    @Test
    void otherBytesOrAnotherSizeLeaveNothingBehind() throws Exception {
        for (byte[] wrong : new byte[][] {{1, 2, 4}, {1, 2}, {1, 2, 3, 4}}) {
            assertThatThrownBy(() -> {
                try (Upload upload = files.upload(SHA256, BYTES.length)) {
                    upload.write(ByteBuffer.wrap(wrong));
                    upload.finish();
                }
            }).isInstanceOf(DamagedUploadException.class);
        }
        assertThat(files.size(SHA256)).isEmpty();
        try (Stream<Path> left = Files.list(folder.resolve("unfinished"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void unusedFileIsCollectedAfterItsGrace() throws Exception {
        store();
        assertThat(files.collect(sha256 -> false, Duration.ofHours(1))).isZero();
        assertThat(files.collect(sha256 -> true, Duration.ofHours(-1))).isZero();
        assertThat(files.collect(sha256 -> false, Duration.ofHours(-1))).isEqualTo(1);
        assertThat(files.size(SHA256)).isEmpty();
    }
}
