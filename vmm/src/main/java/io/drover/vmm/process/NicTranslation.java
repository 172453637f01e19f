package io.drover.vmm.process;

import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.machine.FrameRate;
import io.drover.vmm.machine.NetworkSettings;
import io.drover.vmm.machine.NicSettings;
import io.drover.vmm.net.MacAddress;
import io.drover.vmm.net.user.PortForward;
import java.net.Inet4Address;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The machine's settings for nics out of the process's. */
final class NicTranslation {
    private static final String ALL_ADDRESSES = "0.0.0.0";

    private NicTranslation() {}

    /** Refuses what cannot be, with an {@link IllegalArgumentException} for the operator. */
    static List<NicSettings> of(VmmSettings settings) {
        List<NicSettings> nics = new ArrayList<>();
        for (VmmNic nic : settings.nics()) {
            // What a user network leaves on the host lies beside the VM's own socket.
            Path folder = settings.controlSocket().toAbsolutePath().resolveSibling("nic-" + nic.id());
            NetworkSettings network = switch (nic.network()) {
                case VmmNic.Network.User(List<VmmNic.Forward> forwards) -> new NetworkSettings.User(folder,
                        forwards.stream().map(NicTranslation::forward).toList());
                case VmmNic.Network.Tap(String device) -> new NetworkSettings.Tap(device);
            };
            nics.add(new NicSettings(nic.id(), MacAddress.of(nic.mac()), network, nic.mtuBytes(), nic.queuePairs(),
                    rate(nic.receiveRate()), rate(nic.sendRate())));
        }
        return nics;
    }

    private static PortForward forward(VmmNic.Forward forward) {
        String address = forward.hostAddress().isEmpty() ? ALL_ADDRESSES : forward.hostAddress();
        return new PortForward(
                forward.protocol() == VmmNic.Protocol.TCP ? PortForward.Protocol.TCP : PortForward.Protocol.UDP,
                Inet4Address.ofLiteral(address), forward.hostPort(), forward.guestPort());
    }

    private static FrameRate rate(VmmNic.Rate rate) {
        return new FrameRate(rate.bytesPerSecond(), rate.framesPerSecond());
    }
}
