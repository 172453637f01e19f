package io.drover.agent.files;

import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/** A file while its bytes arrive. For one thread; to be closed, whatever comes. */
public final class IncomingFile implements AutoCloseable {
    private final FileStore store;
    private final Sha256 name;
    private final long bytes;
    private final long number;
    private final Path aside;
    private final FileChannel channel;
    private final MessageDigest digest = Sha256.digest();
    private long received;

    IncomingFile(FileStore store, Sha256 name, long bytes, long number, Path aside) throws IOException {
        this.store = store;
        this.name = name;
        this.bytes = bytes;
        this.number = number;
        this.aside = aside;
        try {
            this.channel = FileChannel.open(aside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (IOException e) {
            store.ended(number);
            throw e;
        }
    }

    /**
     * The next bytes.
     *
     * @throws RefusedException WRONG_SHA256 beyond the size that was named, DISK_FULL
     */
    public void write(ByteBuffer data) throws RefusedException {
        received += data.remaining();
        if (received > bytes) {
            throw wrong("more than the " + bytes + " bytes that were announced");
        }
        digest.update(data.duplicate());
        try {
            while (data.hasRemaining()) {
                channel.write(data);
            }
        } catch (IOException e) {
            throw store.writeFailed(name, bytes, e);
        }
    }

    /**
     * All bytes were written: makes them the file, if they are.
     *
     * @throws RefusedException WRONG_SHA256, DISK_FULL
     */
    public void finish() throws RefusedException {
        if (received != bytes) {
            throw wrong(received + " of the " + bytes + " bytes that were announced");
        }
        Sha256 actual = Sha256.of(digest);
        if (!actual.equals(name)) {
            throw wrong("bytes with SHA-256 " + actual);
        }
        try {
            channel.force(true);
            store.commit(name, bytes, aside);
        } catch (IOException e) {
            throw store.writeFailed(name, bytes, e);
        }
    }

    private RefusedException wrong(String what) {
        return new RefusedException(Reason.WRONG_SHA256, "files/" + name, "file " + name + " : got " + what,
                "send the whole file that has this SHA-256");
    }

    @Override
    public void close() throws IOException {
        store.ended(number);
        channel.close();
        Files.deleteIfExists(aside);
    }
}
