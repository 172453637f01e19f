package io.drover.controller.file;

import io.drover.controller.record.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/** A file that is being stored. Belongs to one thread; closed without {@link #finish}, nothing of it stays. */
public final class Upload implements AutoCloseable {
    private final Sha256 expected;
    private final long sizeBytes;
    private final Path temporary;
    private final Path target;
    private final FileChannel out;
    private final MessageDigest digest = Sha256.digest();
    private long written;

    Upload(Sha256 expected, long sizeBytes, Path temporary, Path target) throws IOException {
        this.expected = expected;
        this.sizeBytes = sizeBytes;
        this.temporary = temporary;
        this.target = target;
        this.out = FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
    }

    /**
     * Takes the next bytes.
     *
     * @throws DamagedUploadException when more bytes came than were announced
     * @throws IOException when the disk refuses them
     */
    public void write(ByteBuffer bytes) throws IOException {
        written += bytes.remaining();
        if (written > sizeBytes) {
            throw new DamagedUploadException(
                    "upload : more than " + sizeBytes + " bytes (expected: the size that the first "
                            + "message named)");
        }
        digest.update(bytes.duplicate());
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    /**
     * The bytes are complete: checks them and gives the file its name.
     *
     * @throws DamagedUploadException when they are not the ones announced
     */
    public void finish() throws IOException {
        if (written != sizeBytes) {
            throw new DamagedUploadException("upload : " + written + " bytes (expected: " + sizeBytes + ")");
        }
        Sha256 found = Sha256.from(digest.digest());
        if (!found.equals(expected)) {
            throw new DamagedUploadException("sha256 of the upload : " + found + " (expected: " + expected + ")");
        }
        out.force(true);
        out.close();
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        FileStore.force(target.getParent());
    }

    @Override
    public void close() throws IOException {
        out.close();
        Files.deleteIfExists(temporary);
    }
}
