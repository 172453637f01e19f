package io.drover.vmm.virtio.net;

import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.LinkListener;
import io.drover.vmm.net.Network;
import io.drover.vmm.net.Offloads;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A network of tests: what it is given to say comes out of its ports, and what goes into them is kept. */
final class FakeNetwork implements Network {
    private final List<FakePort> ports = new ArrayList<>();
    private final boolean offloads;
    private volatile LinkListener listener = up -> {};
    private volatile Offloads accepted = Offloads.NONE;
    private volatile int used = 1;
    private volatile boolean learns;

    FakeNetwork(int pairs, boolean offloads) throws IOException {
        this.offloads = offloads;
        for (int pair = 0; pair < pairs; pair++) {
            ports.add(new FakePort());
        }
    }

    void setLink(boolean up) {
        listener.linkChanged(up);
    }

    void setLearns(boolean now) {
        learns = now;
    }

    Offloads accepted() {
        return accepted;
    }

    int used() {
        return used;
    }

    FakePort fake(int pair) {
        return ports.get(pair);
    }

    @Override
    public int pairs() {
        return ports.size();
    }

    @Override
    public boolean offloads() {
        return offloads;
    }

    @Override
    public boolean learns() {
        return learns;
    }

    @Override
    public FramePort port(int pair) {
        return ports.get(pair);
    }

    @Override
    public void start(LinkListener newListener) {
        listener = newListener;
    }

    @Override
    public void setOffloads(Offloads newAccepted) {
        accepted = newAccepted;
    }

    @Override
    public void usePairs(int pairs) {
        used = pairs;
    }

    @Override
    public void close() {
        for (FakePort port : ports) {
            port.close();
        }
    }
}
