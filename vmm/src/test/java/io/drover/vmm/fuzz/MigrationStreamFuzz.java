package io.drover.vmm.fuzz;

import io.drover.vmm.migration.stream.HostileSender;
import java.io.IOException;

/** What comes over one connection of a stream, most of it in frames, some of them as they must be. */
public final class MigrationStreamFuzz {
    private MigrationStreamFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        FuzzBytes peer = new FuzzBytes(input);
        HostileSender sender = new HostileSender();
        while (!peer.isUsedUp()) {
            switch (peer.next8() & 15) {
                case 0 -> sender.hello(-1, 0);
                case 1 -> sender.pages(peer.next8(), peer::next16, peer.next8());
                case 2 -> sender.zeros(peer.next8(), peer::next16);
                case 3 -> sender.endPass(peer.next8(), peer.next8());
                case 4 -> sender.state(peer.next8());
                case 5 -> sender.finish(peer.next8());
                case 6 -> {
                    for (int left = peer.next8(); left > 0; left--) {
                        sender.raw(peer.next8());
                    }
                }
                case 8 ->
                    sender.block(peer.next8() & 1, (long) peer.next8() << 16, (peer.next8() & 0x81) << 9, peer.next8());
                case 9 ->
                    sender.blockZeros(peer.next8() & 3, peer.next8() & 1, peer.next8(), (long) peer.next8() << 16);
                case 10 -> sender.disks(peer.next16(), peer.next8());
                case 11 -> sender.packed(peer.next8(), peer::next16, block(peer));
                case 12 -> sender.packedBlock(peer.next8() & 1, (long) peer.next8() << 16, block(peer));
                default -> sender.hello(peer.next8(), peer.next8());
            }
        }
        sender.send();
    }

    private static byte[] block(FuzzBytes peer) {
        byte[] block = new byte[peer.next8()];
        for (int i = 0; i < block.length; i++) {
            block[i] = (byte) peer.next8();
        }
        return block;
    }
}
