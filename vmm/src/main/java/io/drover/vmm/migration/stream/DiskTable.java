package io.drover.vmm.migration.stream;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Which disks are sent: the DISKS frame, as one end makes it and the other compares it with what it has. */
final class DiskTable {
    private DiskTable() {}

    static ByteBuffer frame(List<SentDisk> disks) throws StreamException {
        ByteBuffer body = ByteBuffer.allocate(Protocol.MAX_DISKS_BYTES);
        for (SentDisk disk : disks) {
            byte[] id = disk.id().getBytes(StandardCharsets.US_ASCII);
            if (body.remaining() < Long.BYTES + 1 + id.length) {
                throw new StreamException(FailureKind.FAILED, disks.size() + " disks are too many to be sent");
            }
            body.putLong(disk.disk().size()).put((byte) id.length).put(id);
        }
        body.flip();
        return FrameChannel.frame(Protocol.DISKS, body.remaining(), body.remaining()).put(body);
    }

    /**
     * Reads the frame whose header was read.
     *
     * @param mine
     *            the disks that are to come
     * @return those disks, as the sender numbers them
     */
    static List<ReceivedDisk> read(FrameChannel channel, List<ReceivedDisk> mine) throws StreamException {
        long bytes = channel.number();
        if (channel.type() != Protocol.DISKS || !channel.isWellFormed() || bytes > Protocol.MAX_DISKS_BYTES) {
            throw damaged("which disks are sent is not said: type " + channel.type() + ", " + bytes);
        }
        ByteBuffer body = ByteBuffer.allocateDirect((int) bytes);
        if (bytes > 0) {
            channel.read(body, (int) bytes);
        }
        List<ReceivedDisk> numbered = new ArrayList<>();
        while (body.hasRemaining()) {
            if (body.remaining() < Long.BYTES + 1) {
                throw damaged("half a disk");
            }
            long size = body.getLong();
            byte[] id = new byte[body.get() & 0xFF];
            if (id.length > body.remaining()) {
                throw damaged("half a disk");
            }
            body.get(id);
            ReceivedDisk disk = find(new String(id, StandardCharsets.US_ASCII), mine);
            if (numbered.contains(disk)) {
                throw damaged("disk " + disk.id() + " twice");
            }
            if (size != disk.disk().size()) {
                throw new StreamException(FailureKind.DISK, "disk " + disk.id() + " : " + disk.disk().size()
                        + " bytes at the destination (expected: " + size + ", as at the source)");
            }
            numbered.add(disk);
        }
        for (ReceivedDisk disk : mine) {
            if (!numbered.contains(disk)) {
                throw new StreamException(FailureKind.DISK, "disk " + disk.id() + " : the source does not send it"
                        + " (expected: the same disks at both ends)");
            }
        }
        return numbered;
    }

    private static ReceivedDisk find(String id, List<ReceivedDisk> mine) throws StreamException {
        for (ReceivedDisk disk : mine) {
            if (disk.id().equals(id)) {
                return disk;
            }
        }
        throw new StreamException(FailureKind.DISK, "disk " + id.replaceAll("\\p{Cntrl}", "?")
                + " : is sent, and the destination has no image for it (expected: the same disks at both ends)");
    }

    private static StreamException damaged(String what) {
        return new StreamException(FailureKind.DAMAGED, what);
    }
}
