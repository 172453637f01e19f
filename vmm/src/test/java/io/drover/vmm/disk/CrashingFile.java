package io.drover.vmm.disk;

import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A file in memory that a crash may hit: what was not flushed survives sector by sector, each as it was at any moment since
 * the last flush. That covers what is lost, what is torn and what came in another order.
 */
public final class CrashingFile implements HostFile {
    private static final int SECTOR = 512;
    /** As a file system has a limit, only smaller. */
    private static final int MAX_SIZE = 256 << 20;

    private byte[] bytes;
    private int size;
    private int durableSize;
    /** Of each sector written since the last flush: what it was before, then each version but the present one. */
    private final Map<Integer, List<byte[]>> versions = new HashMap<>();
    private int callsToCrash = Integer.MAX_VALUE;
    private boolean crashed;

    /** What every call throws from the crash on. */
    public static final class SimulatedCrash extends IOException {
        private static final long serialVersionUID = 1;

        SimulatedCrash() {
            super("simulated crash");
        }
    }

    public CrashingFile(byte[] durable) {
        this.bytes = durable.clone();
        this.size = durable.length;
        this.durableSize = durable.length;
    }

    /** The call after so many more that change or flush the file fails, having done a part of its work or none. */
    public synchronized void crashAfter(int calls) {
        callsToCrash = calls;
    }

    /** What is on the medium after a crash now. */
    public synchronized byte[] afterCrash(Random random) {
        int survivingSize = random.nextBoolean() ? size
                : Math.max(durableSize, (size - random.nextInt(1 << 17)) / SECTOR * SECTOR);
        byte[] after = Arrays.copyOf(bytes, size);
        int keptOfHundred = new int[] {0, 10, 50, 90, 100}[random.nextInt(5)];
        for (Map.Entry<Integer, List<byte[]>> sector : versions.entrySet()) {
            if (random.nextInt(100) >= keptOfHundred) {
                List<byte[]> older = sector.getValue();
                byte[] version = older.get(random.nextInt(10) < 7 ? 0 : random.nextInt(older.size()));
                int at = sector.getKey() * SECTOR;
                System.arraycopy(version, 0, after, at, Math.min(SECTOR, after.length - at));
            }
        }
        return Arrays.copyOf(after, survivingSize);
    }

    public synchronized byte[] contents() {
        return Arrays.copyOf(bytes, size);
    }

    @Override
    public String name() {
        return "crashing";
    }

    @Override
    public synchronized long size() {
        return size;
    }

    @Override
    public synchronized long read(long offset, IoVector into) throws IOException {
        if (crashed) {
            throw new SimulatedCrash();
        }
        int count = (int) Math.max(0, Math.min(into.byteCount(), size - offset));
        if (count > 0) {
            into.copyFrom(0, ByteBuffer.wrap(bytes, (int) offset, count));
        }
        return count;
    }

    @Override
    public synchronized void write(long offset, IoVector from) throws IOException {
        checkSize(offset, from.byteCount());
        byte[] written = new byte[(int) from.byteCount()];
        from.copyTo(0, ByteBuffer.wrap(written));
        if (mustCrash()) {
            // Sectors are whole, whatever happens.
            store((int) offset,
                    Arrays.copyOf(written, offset % SECTOR == 0 ? written.length / 2 / SECTOR * SECTOR : 0));
            throw new SimulatedCrash();
        }
        store((int) offset, written);
    }

    @Override
    public synchronized void flush() throws IOException {
        if (mustCrash()) {
            throw new SimulatedCrash();
        }
        versions.clear();
        durableSize = size;
    }

    @Override
    public synchronized boolean punchHole(long offset, long length) throws IOException {
        if (offset < size) {
            zeroRange(offset, Math.min(length, size - offset));
        }
        return true;
    }

    @Override
    public synchronized void zeroRange(long offset, long length) throws IOException {
        if (mustCrash()) {
            throw new SimulatedCrash();
        }
        checkSize(offset, length);
        store((int) offset, new byte[(int) length]);
    }

    @Override
    public synchronized void setSize(long newSize) throws IOException {
        if (mustCrash()) {
            throw new SimulatedCrash();
        }
        if (newSize < size) {
            throw new IOException("a crashing file is not cut off");
        }
        reserve((int) newSize);
    }

    @Override
    public void close() {}

    /** For other programs to read. */
    public void save(Path path) {
        try {
            Files.write(path, contents());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void checkSize(long offset, long length) throws IOException {
        if (offset > MAX_SIZE - length) {
            throw new IOException("file too large");
        }
    }

    private boolean mustCrash() {
        crashed |= callsToCrash-- <= 0;
        return crashed;
    }

    private void store(int offset, byte[] written) {
        reserve(offset + written.length);
        for (int sector = offset / SECTOR; sector * SECTOR < offset + written.length; sector++) {
            versions.computeIfAbsent(sector, ignored -> new ArrayList<>())
                    .add(Arrays.copyOfRange(bytes, sector * SECTOR, (sector + 1) * SECTOR));
        }
        System.arraycopy(written, 0, bytes, offset, written.length);
    }

    private void reserve(int end) {
        if (end > size) {
            size = end;
        }
        int whole = (size + SECTOR - 1) / SECTOR * SECTOR;
        if (whole > bytes.length || bytes.length % SECTOR != 0) {
            bytes = Arrays.copyOf(bytes, Math.max(whole, bytes.length / SECTOR * SECTOR * 2));
        }
    }
}
