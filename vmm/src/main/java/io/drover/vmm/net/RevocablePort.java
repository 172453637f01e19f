package io.drover.vmm.net;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.HostBuffer;
import java.io.IOException;

/** A port of a {@link RevocableNetwork}: of one that is revoked nothing comes, and what is sent there is lost. */
final class RevocablePort implements FramePort {
    private final FramePort port;
    private volatile boolean revoked;
    /** The owner's, and of {@link #letGo}. */
    private boolean attached;

    RevocablePort(FramePort port) {
        this.port = port;
    }

    void revoke() {
        revoked = true;
    }

    /** Once it is revoked and its owner has noticed. */
    void letGo() {
        if (attached) {
            attached = false;
            port.detach();
        }
    }

    @Override
    public void attach(Watch watch) throws IOException {
        if (!revoked) {
            port.attach(watch);
            attached = true;
        }
    }

    @Override
    public void detach() {
        if (!revoked) {
            attached = false;
            port.detach();
        }
    }

    @Override
    public int receive() {
        return revoked ? 0 : port.receive();
    }

    @Override
    public HostBuffer buffer() {
        return port.buffer();
    }

    @Override
    public long position() {
        return port.position();
    }

    @Override
    public boolean send(IoVector packet) {
        return revoked || port.send(packet);
    }

    @Override
    public boolean flush() {
        return revoked || port.flush();
    }
}
