package io.drover.vmm.migration.stream;

/** Numbers of the protocol that the package's comment describes. */
final class Protocol {
    static final long MAGIC = 0x4452_5652_4D49_4752L;
    static final int OLDEST = 2;
    static final int VERSION = 3;
    /** The version that has PACKED and PACKED_BLOCK. */
    static final int PACKED_SINCE = 3;

    static final int HEADER_BYTES = 8;
    static final int HELLO_BYTES = 56;
    static final int ENTRY_BYTES = 8;
    static final int PAGE_BYTES = 4096;
    /** Of pages or runs in a frame. */
    static final int MAX_ENTRIES = 256;
    /** Of pages in a PACKED frame: as many as make a block of LZ4. */
    static final int MAX_PACKED_PAGES = 16;
    static final int PASS_END_BYTES = 16;
    /** Of DISKS. */
    static final int MAX_DISKS_BYTES = 4096;
    static final int DISK_ID_BYTES = 64;
    static final int BLOCK_HEAD_BYTES = 16;
    static final int BLOCK_RUN_BYTES = 16;
    static final int STRIPE_BLOCKS = 16;
    static final int FINISH_BYTES = 16;
    static final int RECEIVED_BYTES = 8;
    static final int STATE_CHUNK_BYTES = 64 << 10;
    static final int TEXT_BYTES = 1024;
    /** Of a machine's state: a VMM's heap is small, and 64 vCPUs with all devices need less than 1 MiB. */
    static final int MAX_STATE_BYTES = 8 << 20;
    static final int MAX_CONNECTIONS = 16;
    static final int STRIPE_PAGES = 64;

    static final int HELLO = 1;
    static final int PAGES = 2;
    static final int ZEROS = 3;
    static final int PASS_END = 4;
    static final int STATE = 5;
    static final int FINISH = 6;
    static final int ALIVE = 7;
    static final int DISKS = 8;
    static final int BLOCK = 9;
    static final int BLOCK_ZEROS = 10;
    static final int PACKED = 11;
    static final int PACKED_BLOCK = 12;

    static final int WELCOME = 65;
    static final int PASS_TAKEN = 66;
    static final int RECEIVED = 67;
    static final int REFUSED = 68;

    private Protocol() {}

    /** Of the connections before, and one more. */
    static long digest(long before, int ofConnection) {
        return before * 31 + (ofConnection & 0xFFFF_FFFFL);
    }

    /** Over which of the connections a block of a disk goes. */
    static int connectionOfBlock(long block, int connections) {
        return (int) (block / STRIPE_BLOCKS % connections);
    }

    /** Over which of the connections a page goes. */
    static int connectionOf(long page, int connections) {
        return (int) (page / STRIPE_PAGES % connections);
    }
}
