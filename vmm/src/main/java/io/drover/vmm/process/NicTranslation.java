package io.drover.vmm.process;

import io.drover.vmm.client.UserNetworks;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.machine.FrameRate;
import io.drover.vmm.machine.NetworkSettings;
import io.drover.vmm.machine.NicSettings;
import io.drover.vmm.net.MacAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The machine's settings for nics out of the process's. */
final class NicTranslation {
    private NicTranslation() {}

    /** Refuses what cannot be, with an {@link IllegalArgumentException} for the operator. */
    static List<NicSettings> of(VmmSettings settings) {
        List<NicSettings> nics = new ArrayList<>();
        for (VmmNic nic : settings.nics()) {
            nics.add(of(settings, nic));
        }
        return nics;
    }

    /** One more nic of a VM; refuses as the other does. */
    static NicSettings of(VmmSettings settings, VmmNic nic) {
        // What a user network leaves on the host lies beside the VM's own socket, and is named as that is: a path from the
        // root may be too long for a socket's.
        Path socket = UserNetworks.socket(settings.controlSocket().resolveSibling(UserNetworks.folder(nic.id())),
                settings.uid());
        NetworkSettings network = switch (nic.network()) {
            case VmmNic.Network.User(List<VmmNic.Forward> forwards) -> new NetworkSettings.User(socket,
                    forwards.stream().map(VmmNic.Forward::toPortForward).toList());
            case VmmNic.Network.Tap(String device) -> new NetworkSettings.Tap(device);
        };
        return new NicSettings(nic.id(), MacAddress.of(nic.mac()), network, nic.mtuBytes(), nic.queuePairs(),
                rate(nic.receiveRate()), rate(nic.sendRate()));
    }

    private static FrameRate rate(VmmNic.Rate rate) {
        return new FrameRate(rate.bytesPerSecond(), rate.framesPerSecond());
    }
}
