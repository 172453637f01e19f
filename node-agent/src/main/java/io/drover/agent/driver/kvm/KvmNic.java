package io.drover.agent.driver.kvm;

import io.drover.agent.driver.MachineNic;
import io.drover.vmm.client.VmmNic;
import java.util.List;

/** A nic as a VMM is told of it. */
final class KvmNic {
    private KvmNic() {}

    static VmmNic of(MachineNic nic) {
        VmmNic.Network network = switch (nic.network()) {
            case MachineNic.Network.User(List<MachineNic.Forward> forwards) ->
                new VmmNic.Network.User(forwards.stream().map(KvmNic::of).toList());
            case MachineNic.Network.Tap(String device) -> new VmmNic.Network.Tap(device);
        };
        return new VmmNic(nic.name(), nic.mac(), network, nic.mtuBytes(), nic.queuePairs(), of(nic.receiveRate()),
                of(nic.sendRate()));
    }

    private static VmmNic.Forward of(MachineNic.Forward forward) {
        return new VmmNic.Forward(switch (forward.protocol()) {
            case TCP -> VmmNic.Protocol.TCP;
            case UDP -> VmmNic.Protocol.UDP;
        }, forward.hostAddress(), forward.hostPort(), forward.guestPort());
    }

    private static VmmNic.Rate of(MachineNic.Rate rate) {
        return new VmmNic.Rate(rate.bytesPerSecond(), rate.framesPerSecond());
    }
}
