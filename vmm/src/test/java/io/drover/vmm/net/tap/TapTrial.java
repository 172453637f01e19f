package io.drover.vmm.net.tap;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.Poller;
import io.drover.vmm.log.Log;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.Offloads;
import io.drover.vmm.net.PacketLayout;
import java.nio.ByteBuffer;

/** Run in a network namespace of its own: a tap device there, the kernel as the one who answers. */
final class TapTrial {
    private static final byte[] MAC = {0x52, 0x54, 0, 1, 2, 3};

    private TapTrial() {}

    public static void main(String[] arguments) throws Exception {
        int pairs = Integer.parseInt(arguments[0]);
        TapNetwork network = TapNetwork.open("tap0", pairs, new Log(System.err, "trial"));
        network.setOffloads(new Offloads(true, true, true));
        network.usePairs(pairs);
        network.usePairs(1);
        run("ip", "address", "add", "192.0.2.1/24", "dev", "tap0");
        run("ip", "link", "set", "tap0", "up");
        try (Poller poller = Poller.create()) {
            FramePort port = network.port(0);
            port.attach(file -> poller.addChanges(file, 0));
            ByteBuffer packet = ByteBuffer.allocateDirect(PacketLayout.HEADER_BYTES + 42);
            packet.position(PacketLayout.HEADER_BYTES);
            packet.put(new byte[] {-1, -1, -1, -1, -1, -1}).put(MAC).putShort((short) 0x0806).putShort((short) 1)
                    .putShort((short) 0x0800).put((byte) 6).put((byte) 4).putShort((short) 1).put(MAC)
                    .put(new byte[] {(byte) 192, 0, 2, 2}).put(new byte[6]).put(new byte[] {(byte) 192, 0, 2, 1});
            IoVector vector = new IoVector(1);
            vector.add(packet, 0, packet.capacity());
            port.send(vector);
            int bytes = port.receive();
            while (bytes == 0 || !isReply(port)) {
                if (bytes == 0) {
                    poller.await();
                }
                bytes = port.receive();
            }
            System.out.println("answered with " + (bytes - PacketLayout.HEADER_BYTES) + " bytes");
            port.detach();
        }
        network.close();
    }

    private static boolean isReply(FramePort port) {
        long frame = port.position() + PacketLayout.HEADER_BYTES;
        return port.buffer().read8(frame + 12) == 8
                && port.buffer().read8(frame + 13) == 6
                && port.buffer().read8(frame + 21) == 2;
    }

    private static void run(String... command) throws Exception {
        int status = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (status != 0) {
            throw new IllegalStateException(String.join(" ", command) + " ended with " + status);
        }
    }
}
