package io.drover.vmm.net;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A network that can be taken from its nic: from then on the nic has no link, and what it was joined to can be closed while its
 * driver is still there.
 */
public final class RevocableNetwork implements Network {
    private final Network network;
    private final List<RevocablePort> ports;
    private volatile boolean revoked;
    private volatile LinkListener listener = up -> {};
    @GuardedBy("this")
    private boolean closed;

    /**
     * In front of a network.
     *
     * @param network
     *            not started; closed by {@link #close}
     */
    public RevocableNetwork(Network network) {
        this.network = network;
        this.ports = IntStream.range(0, network.pairs()).mapToObj(pair -> new RevocablePort(network.port(pair)))
                .toList();
    }

    /** Has no link from now on. Any thread; does not wait for the ports' owners. */
    public void revoke() {
        revoked = true;
        for (RevocablePort port : ports) {
            port.revoke();
        }
        listener.linkChanged(false);
    }

    @Override
    public int pairs() {
        return ports.size();
    }

    @Override
    public boolean offloads() {
        return network.offloads();
    }

    @Override
    public boolean learns() {
        return network.learns();
    }

    @Override
    public FramePort port(int pair) {
        return ports.get(pair);
    }

    @Override
    public void start(LinkListener newListener) {
        listener = newListener;
        network.start(up -> newListener.linkChanged(up && !revoked));
    }

    @Override
    public synchronized void setOffloads(Offloads accepted) {
        if (!closed) {
            network.setOffloads(accepted);
        }
    }

    @Override
    public synchronized void usePairs(int pairs) {
        if (!closed) {
            network.usePairs(pairs);
        }
    }

    /**
     * Closes what it stands for, the first time. When no port is attached any more, or it is revoked and each port's owner has
     * been at something else since.
     */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        if (revoked) {
            for (RevocablePort port : ports) {
                port.letGo();
            }
        }
        // Under no lock: it may wait for a thread that just now tells of its link.
        network.close();
    }
}
