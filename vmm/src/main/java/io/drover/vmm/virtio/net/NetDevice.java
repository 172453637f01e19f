package io.drover.vmm.virtio.net;

import io.drover.proto.vmm.v1.SavedNet;
import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.MacAddress;
import io.drover.vmm.net.Network;
import io.drover.vmm.net.Offloads;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import io.drover.vmm.virtio.Activation;
import io.drover.vmm.virtio.RequestLoop;
import io.drover.vmm.virtio.VirtioDevice;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A nic (virtio 1.2, 5.1). */
public final class NetDevice implements VirtioDevice {
    /** The most pairs of queues that there may be. */
    public static final int MAX_PAIRS = 4;

    private static final int DEVICE_TYPE = 1;
    /** An Ethernet controller. */
    private static final int PCI_CLASS = 0x02_0000;
    private static final int QUEUE_SIZE = 256;

    private final String name;
    private final Network network;
    private final FrameLimit inLimit;
    private final FrameLimit outLimit;
    private final NetConfiguration configuration;
    private final NetCounters[] counters;
    private final Announcement announcement;
    private volatile Runnable configurationChanged = () -> {};

    /**
     * A nic for one guest.
     *
     * @param name
     *            of its threads
     * @param mtuBytes
     *            the most that the guest puts into a frame, behind its Ethernet header: 68 to 65535
     * @param network
     *            of at most {@link #MAX_PAIRS} pairs, not started; closed with the device
     * @param inLimit
     *            of what the guest receives
     * @param outLimit
     *            of what it sends
     */
    public NetDevice(String name, MacAddress mac, int mtuBytes, Network network, FrameLimit inLimit,
            FrameLimit outLimit) {
        this.name = name;
        this.network = network;
        this.inLimit = inLimit;
        this.outLimit = outLimit;
        this.configuration = new NetConfiguration(mac, network.pairs(), mtuBytes);
        this.announcement = new Announcement(mac);
        this.counters = new NetCounters[network.pairs()];
        for (int pair = 0; pair < counters.length; pair++) {
            counters[pair] = new NetCounters();
        }
    }

    /**
     * Starts the network, whose link the guest sees from now on. Once.
     *
     * @param whenChanged
     *            tells the driver to read the configuration again
     */
    public void start(Runnable whenChanged) {
        configurationChanged = whenChanged;
        network.start(up -> {
            configuration.setLink(up);
            whenChanged.run();
        });
    }

    /**
     * Has the network learn where the guest is, as after a migration, once the guest runs: a frame is sent in its name where that
     * helps, and a guest whose driver knows how (VIRTIO_NET_F_GUEST_ANNOUNCE) sends gratuitous ARP for each of its addresses. Any
     * thread; while the device stands still.
     */
    public void announce() {
        announcement.setOwed(network.learns());
        configuration.setAnnounce(true);
        configurationChanged.run();
    }

    /** What it has done so far, all pairs together. Any thread. */
    public NetCounts counts() {
        NetCounts sum = NetCounts.NONE;
        for (NetCounters pair : counters) {
            sum = sum.plus(pair.counts());
        }
        return sum;
    }

    @Override
    public int deviceType() {
        return DEVICE_TYPE;
    }

    @Override
    public int pciClass() {
        return PCI_CLASS;
    }

    @Override
    public long features() {
        return NetFeatures.ALWAYS | (network.offloads() ? NetFeatures.OFFLOADS : 0)
                | (counters.length > 1 ? NetFeatures.MQ : 0);
    }

    @Override
    public int queues() {
        return 2 * counters.length + 1;
    }

    @Override
    public int maxQueueSize() {
        return QUEUE_SIZE;
    }

    @Override
    public long readConfig(int offset, int bytes) {
        return configuration.read(offset, bytes);
    }

    @Override
    public void writeConfig(int offset, int bytes, long value, long negotiated) {
        // A driver may write the address only of a legacy device.
    }

    @Override
    public void activate(Activation activation) throws IOException {
        long features = activation.features();
        // The control queue is behind the pairs that the driver knows of (5.1.2).
        int pairs = (features & NetFeatures.MQ) != 0 ? counters.length : 1;
        int controlQueue = 2 * pairs;
        Optional<Virtqueue> control = (features & NetFeatures.CTRL_VQ) != 0 ? activation.queue(controlQueue)
                : Optional.empty();
        boolean checksum = (features & NetFeatures.GUEST_CSUM) != 0;
        network.setOffloads(new Offloads(checksum, checksum && (features & NetFeatures.GUEST_TSO4) != 0,
                checksum && (features & NetFeatures.GUEST_TSO6) != 0));
        for (int pair = 0; pair < pairs; pair++) {
            activatePair(activation, pair, pair == 0 ? control : Optional.empty(), pairs);
        }
    }

    private void activatePair(Activation activation, int pair, Optional<Virtqueue> control, int pairs)
            throws IOException {
        boolean mergeable = (activation.features() & NetFeatures.MRG_RXBUF) != 0;
        String threadName = "pair " + pair;
        FramePort port = network.port(pair);
        List<Virtqueue> queues = new ArrayList<>();
        EventFile again = EventFile.create(name + ' ' + threadName + " again");
        Throttle in = new Throttle(inLimit, name + ' ' + threadName + " in");
        Throttle out = new Throttle(outLimit, name + ' ' + threadName + " out");
        Optional<Receiver> receiver = activation.queue(2 * pair).map(queue -> {
            queues.add(queue);
            return new Receiver(queue, port, mergeable, in, counters[pair]);
        });
        Optional<Transmitter> transmitter = activation.queue(2 * pair + 1).map(queue -> {
            queues.add(queue);
            return new Transmitter(queue, port, out, counters[pair]);
        });
        Optional<RequestLoop> controlLoop = control.map(queue -> {
            queues.add(queue);
            return new RequestLoop(new ControlRequests(network, configuration, pairs), queue);
        });
        PairHandler handler = new PairHandler(receiver, transmitter, controlLoop, 2 * pairs, port, again, in, out,
                pair == 0 ? Optional.of(announcement) : Optional.empty());
        handler.begin(activation.addThread(threadName, handler, queues));
    }

    @Override
    public void save(SavedVirtio.Builder into) {
        into.setNet(SavedNet.newBuilder().setVersion(SavedStates.VERSION).setPairs(configuration.usedPairs()));
    }

    @Override
    public void load(SavedVirtio saved) throws SavedStateException {
        SavedStates.require(saved.hasNet(), name);
        int pairs = SavedStates.inRange("pairs of queues in use of " + name, saved.getNet().getPairs(), 1,
                counters.length);
        configuration.setUsedPairs(pairs);
        network.usePairs(pairs);
    }

    @Override
    public void reset() {
        announcement.setOwed(false);
        configuration.setAnnounce(false);
        configuration.setUsedPairs(1);
        network.setOffloads(Offloads.NONE);
        network.usePairs(1);
    }

    @Override
    public void close() {
        network.close();
    }
}
