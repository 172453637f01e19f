package io.drover.vmm.migration.stream;

import io.drover.vmm.disk.CrashingFile;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.RawDisk;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.linux.UnixSocket;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.GuestPages;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntSupplier;

/** Makes what a sender could say, right or wrong, and says it to a receiver that has 64 pages between two guards, and a disk. */
public final class HostileSender {
    private static final int PAGES = 64;
    private static final int PAGE = 4096;
    /** What a socket takes without anybody reading, to be on the safe side. */
    private static final int MAX_BYTES = 64 << 10;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final byte GUARD = 0x5A;
    private static final String DISK_ID = "d";
    private static final int DISK_BYTES = (192 << 10) + 512;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int sentInPass;
    private int blocksInPass;

    /** A right one, or with a byte of it changed. */
    public void hello(int at, int value) {
        ByteBuffer hello = ByteBuffer.allocate(64).putInt(Protocol.HELLO << 24).putInt(Protocol.HELLO_BYTES)
                .putLong(Protocol.MAGIC).putShort((short) 2).putShort((short) 3).putShort((short) 0)
                .putShort((short) 1).putLong(3).putLong(4).putLong(PAGES).putLong(PAGES)
                .putInt(Protocol.STRIPE_PAGES).putInt(0);
        if (at >= 0) {
            hello.put(at % 64, (byte) value);
        }
        bytes.writeBytes(hello.array());
        disks(DISK_BYTES, DISK_ID.length());
    }

    /** Which disks there are: right with the size and the length of the id of the receiver's. */
    public void disks(int size, int idLength) {
        bytes.writeBytes(ByteBuffer.allocate(8 + 9 + DISK_ID.length()).putInt(Protocol.DISKS << 24)
                .putInt(9 + DISK_ID.length()).putLong(size).put((byte) idLength)
                .put(DISK_ID.getBytes(StandardCharsets.US_ASCII)).array());
    }

    /** Of a disk, full of one value; the checksum is right. */
    public void block(int disk, long offset, int length, int value) {
        byte[] data = new byte[length];
        Arrays.fill(data, (byte) value);
        bytes.writeBytes(ByteBuffer.allocate(24 + length).putInt(Protocol.BLOCK << 24).putInt(length).putInt(disk)
                .putInt(StreamSender.crc(data, 0, length)).putLong(offset).put(data).array());
        blocksInPass++;
    }

    public void blockZeros(int count, int disk, int blocks, long offset) {
        bytes.writeBytes(ByteBuffer.allocate(24).putInt(Protocol.BLOCK_ZEROS << 24).putInt(count).putInt(disk)
                .putInt(blocks).putLong(offset).array());
        blocksInPass += blocks;
    }

    /** Some pages, each full of one value; their checksums are right for that value. */
    public void pages(int count, IntSupplier numbers, int value) {
        int some = Math.min(count, 8);
        ByteBuffer frame = ByteBuffer.allocate(8 + some * (8 + PAGE)).putInt(Protocol.PAGES << 24).putInt(count);
        byte[] page = new byte[PAGE];
        Arrays.fill(page, (byte) value);
        for (int i = 0; i < some; i++) {
            frame.putInt(numbers.getAsInt()).putInt(StreamSender.crc(page, 0, PAGE));
        }
        for (int i = 0; i < some; i++) {
            frame.put(page);
        }
        bytes.writeBytes(frame.array());
        sentInPass += some;
    }

    /** Some pages, and after them bytes that are an LZ4 block, or not. */
    public void packed(int count, IntSupplier numbers, byte[] block) {
        int some = Math.min(count, Protocol.MAX_PACKED_PAGES);
        ByteBuffer frame = ByteBuffer.allocate(8 + some * 8 + 4 + block.length).putInt(Protocol.PACKED << 24)
                .putInt(count);
        for (int i = 0; i < some; i++) {
            frame.putInt(numbers.getAsInt()).putInt(GuestPages.ZERO_CHECKSUM);
        }
        bytes.writeBytes(frame.putInt(block.length).put(block).array());
        sentInPass += some;
    }

    public void packedBlock(int disk, long offset, byte[] block) {
        bytes.writeBytes(ByteBuffer.allocate(24 + block.length).putInt(Protocol.PACKED_BLOCK << 24)
                .putInt(block.length).putInt(disk).putInt(0).putLong(offset).put(block).array());
        blocksInPass++;
    }

    public void zeros(int count, IntSupplier numbers) {
        int some = Math.min(count, 8);
        ByteBuffer frame = ByteBuffer.allocate(8 + some * 8).putInt(Protocol.ZEROS << 24).putInt(count);
        for (int i = 0; i < some; i++) {
            int run = numbers.getAsInt();
            frame.putInt(numbers.getAsInt()).putInt(run);
            sentInPass += run;
        }
        bytes.writeBytes(frame.array());
    }

    /** Off by so much. */
    public void endPass(int pass, int off) {
        bytes.writeBytes(ByteBuffer.allocate(24).putInt(Protocol.PASS_END << 24).putInt(pass).putLong(sentInPass + off)
                .putLong(blocksInPass).array());
        sentInPass = 0;
        blocksInPass = 0;
    }

    public void state(int count) {
        byte[] state = new byte[count];
        bytes.writeBytes(ByteBuffer.allocate(12 + count).putInt(Protocol.STATE << 24).putInt(count)
                .putInt(StreamSender.crc(state, 0, count)).put(state).array());
    }

    public void finish(int digest) {
        bytes.writeBytes(ByteBuffer.allocate(24).putInt(Protocol.FINISH << 24).putInt(Protocol.FINISH_BYTES)
                .putLong(digest).putInt(0).putInt(0).array());
    }

    public void raw(int value) {
        bytes.write(value);
    }

    /**
     * Says it all, and ends. Whatever that is, the receiver comes back, with everything or a failure, and stays in its memory.
     */
    public void send() throws IOException {
        List<FileHandle> pair = UnixSocket.pair();
        try (Disk disk = RawDisk.open(new CrashingFile(new byte[DISK_BYTES]), false);
                Arena arena = Arena.ofShared();
                StreamConnection mine = StreamConnection.of(pair.get(0), TIMEOUT)) {
            MemorySegment all = arena.allocate((PAGES + 2L) * PAGE, PAGE).fill(GUARD);
            MemorySegment ram = all.asSlice(PAGE, (long) PAGES * PAGE).fill((byte) 0);
            ByteBuffer out = ByteBuffer.allocateDirect(MAX_BYTES).put(bytes.toByteArray(), 0,
                    Math.min(MAX_BYTES, bytes.size()));
            IoVector vector = new IoVector(1);
            vector.add(out, 0, out.position());
            mine.write(vector);
            mine.endWriting();
            StreamReceiver receiver = new StreamReceiver("fuzz", GuestMemory.of(ram),
                    List.of(new ReceivedDisk(DISK_ID, disk)),
                    List.of(StreamConnection.of(pair.get(1), TIMEOUT)), TIMEOUT, state -> {});
            try (receiver) {
                receiver.receive();
                if (new GuestPages(GuestMemory.of(ram)).count() != PAGES) {
                    throw new AssertionError("other memory");
                }
            } catch (StreamException expected) {
                if (expected.kind() == FailureKind.FAILED || expected.kind() == FailureKind.STALLED) {
                    throw new AssertionError(expected);
                }
            }
            for (long at = 0; at < PAGE; at++) {
                if (all.get(ValueLayout.JAVA_BYTE, at) != GUARD
                        || disk.size() != DISK_BYTES
                        || all.get(ValueLayout.JAVA_BYTE, (PAGES + 1L) * PAGE + at) != GUARD) {
                    throw new AssertionError("written beside the guest's memory");
                }
            }
        }
    }
}
