package io.drover.vmm.migration.stream;

import io.drover.vmm.memory.PageSet;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.zip.CRC32C;

/** What goes over one connection. Owned by one thread at a time. */
record ConnectionSender(FrameChannel channel, Packer packer, PageSender pages, BlockSender blocks, CRC32C digest) {
    /** Sends what is this connection's of a pass, and its end. Disks first: memory changes faster. */
    void send(int pass, PageSet pageSet, List<BitSet> blockSets) throws StreamException {
        long blockCount = blocks.send(blockSets);
        long pageCount = pages.send(pageSet);
        ByteBuffer end = FrameChannel.frame(Protocol.PASS_END, pass, Protocol.PASS_END_BYTES).putLong(pageCount)
                .putLong(blockCount);
        channel.writeFrame(end);
    }

    /** Of all entries that were sent, in their order. */
    int entries() {
        return (int) digest.getValue();
    }
}
