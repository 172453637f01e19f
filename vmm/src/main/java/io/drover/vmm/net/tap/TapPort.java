package io.drover.vmm.net.tap;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.HostBuffer;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.PacketLayout;
import java.io.IOException;

/** One queue of a tap device. Each read is a packet, and each write. */
final class TapPort implements FramePort {
    private final FileHandle file;
    private final HostBuffer buffer = new HostBuffer(PacketLayout.MAX_PACKET_BYTES);
    private final IoVector in = new IoVector(1);

    TapPort(FileHandle file) {
        this.file = file;
        in.add(buffer.address(), buffer.bytes());
    }

    FileHandle file() {
        return file;
    }

    @Override
    public void attach(Watch watch) throws IOException {
        watch.changes(file);
    }

    @Override
    public void detach() {
        // Nothing is ever under way.
    }

    @Override
    public int receive() {
        long result;
        do {
            result = file.readStream(in);
        } while (result == -Errno.EINTR
                || (result >= 0 && result < PacketLayout.HEADER_BYTES + PacketLayout.MIN_FRAME_BYTES));
        // EAGAIN, or a device that somebody has deleted: nothing comes.
        return (int) Math.max(result, 0);
    }

    @Override
    public HostBuffer buffer() {
        return buffer;
    }

    @Override
    public long position() {
        return 0;
    }

    @Override
    public boolean send(IoVector packet) {
        // What the host does not take, as it is no packet or the device is down, is lost.
        while (file.writeStream(packet) == -Errno.EINTR) {
            Thread.onSpinWait();
        }
        return true;
    }

    @Override
    public boolean flush() {
        return true;
    }
}
