package io.drover.vmm.net.tap;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.linux.TapDevice;
import io.drover.vmm.log.Log;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.LinkListener;
import io.drover.vmm.net.Network;
import io.drover.vmm.net.Offloads;
import io.drover.vmm.net.PacketLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A tap device, with one of its queues for each pair of the nic's. */
public final class TapNetwork implements Network {
    private final String device;
    private final List<TapPort> ports;
    private final Log log;
    private int used;

    private TapNetwork(String device, List<TapPort> ports, Log log) {
        this.device = device;
        this.ports = List.copyOf(ports);
        this.log = log;
        this.used = ports.size();
    }

    /**
     * Opens a device, which is made if it is not there and the host lets this process.
     *
     * @param device
     *            its name: 1 to 15 bytes
     * @param pairs
     *            queues to open; a device that was made for several must be opened with several
     */
    public static TapNetwork open(String device, int pairs, Log log) throws IOException {
        List<TapPort> ports = new ArrayList<>();
        boolean open = false;
        try {
            checkName(device);
            for (int pair = 0; pair < pairs; pair++) {
                ports.add(new TapPort(openQueue(device, pairs > 1)));
            }
            TapNetwork network = new TapNetwork(device, ports, log);
            network.setOffloads(Offloads.NONE);
            network.usePairs(1);
            open = true;
            return network;
        } finally {
            if (!open) {
                for (TapPort port : ports) {
                    port.file().close();
                }
            }
        }
    }

    /** Refuses what no device can be named. */
    public static void checkName(String device) {
        int bytes = device.getBytes(StandardCharsets.UTF_8).length;
        if (bytes == 0 || bytes > TapDevice.MAX_NAME_BYTES || device.contains("/") || device.contains("%")
                || device.contains(" ")
                || device.equals(".") || device.equals("..")) {
            throw new IllegalArgumentException("tap : \"" + device + "\" (expected: 1 to " + TapDevice.MAX_NAME_BYTES
                    + " bytes, without '/', '%' and spaces)");
        }
    }

    private static FileHandle openQueue(String device, boolean several) throws IOException {
        try {
            return TapDevice.open(device, several, PacketLayout.HEADER_BYTES);
        } catch (SystemCallException e) {
            throw new IOException(e.getMessage() + switch (e.errno()) {
                case Errno.EBUSY -> ": another process has the tap device " + device;
                case Errno.EPERM ->
                    ": the tap device " + device + " is not this user's (ip tuntap add mode tap user USER "
                            + device + ")";
                case Errno.EINVAL -> ": the tap device " + device + (several
                        ? " has one queue (ip tuntap add mode tap multi_queue " + device + ", or one queue for the nic)"
                        : " is of another kind, or has several queues (ip tuntap add mode tap " + device + ")");
                default -> "";
            }, e);
        }
    }

    @Override
    public int pairs() {
        return ports.size();
    }

    @Override
    public boolean offloads() {
        return true;
    }

    @Override
    public boolean learns() {
        return true;
    }

    @Override
    public FramePort port(int pair) {
        return ports.get(pair);
    }

    @Override
    public void start(LinkListener listener) {
        listener.linkChanged(true);
    }

    @Override
    public void setOffloads(Offloads accepted) {
        boolean checksum = accepted.checksum();
        try {
            TapDevice.setOffloads(ports.getFirst().file(), checksum, checksum && accepted.tso4(),
                    checksum && accepted.tso6());
        } catch (SystemCallException e) {
            log.warn("tap " + device + ": " + e.getMessage());
        }
    }

    @Override
    public void usePairs(int pairs) {
        for (; used < pairs; used++) {
            attach(used, true);
        }
        for (; used > pairs; used--) {
            attach(used - 1, false);
        }
    }

    private void attach(int queue, boolean attached) {
        try {
            TapDevice.attach(ports.get(queue).file(), attached);
        } catch (SystemCallException e) {
            log.warn("tap " + device + " queue " + queue + ": " + e.getMessage());
        }
    }

    @Override
    public void close() {
        for (TapPort port : ports) {
            port.file().close();
        }
    }
}
