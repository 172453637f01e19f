package io.drover.agent.driver.qemu;

import com.google.gson.JsonObject;
import io.drover.agent.driver.MachineNic;
import io.drover.agent.net.PasstProcess;
import io.drover.vmm.client.UserNetworks;
import io.drover.vmm.client.VmmNic;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A nic under QEMU. A user network is passt's here too, by QEMU's stream of frames, and not QEMU's own: that one would let a
 * guest reach whatever listens on the host's loopback.
 */
final class QemuNic {
    private QemuNic() {}

    /**
     * Starts what the nic needs beside QEMU, which is connected to it before it answers, and ends it.
     *
     * @param run the VM's run folder
     */
    static void prepare(MachineNic nic, String uid, Path run) throws IOException, InterruptedException {
        if (nic.network() instanceof MachineNic.Network.User(List<MachineNic.Forward> forwards)) {
            Path folder = run.resolve(UserNetworks.folder(nic.name()));
            UserNetworks.makeFolder(folder);
            PasstProcess.start(folder, uid, nic.mtuBytes(), forwards.stream().map(QemuNic::forward).toList());
        }
    }

    private static VmmNic.Forward forward(MachineNic.Forward forward) {
        return new VmmNic.Forward(switch (forward.protocol()) {
            case TCP -> VmmNic.Protocol.TCP;
            case UDP -> VmmNic.Protocol.UDP;
        }, forward.hostAddress(), forward.hostPort(), forward.guestPort());
    }

    /**
     * In QEMU's command line. It runs in the VM's run folder.
     *
     * @param index of the nic: QEMU's own names are shorter than a nic's may be
     */
    static List<String> arguments(MachineNic nic, int index, String uid) {
        String id = "nic" + index;
        String pairs = nic.queuePairs() > 1 ? ",queues=" + nic.queuePairs() : "";
        String netdev = switch (nic.network()) {
            case MachineNic.Network.User _ -> "stream,id=" + id + ",server=off,addr.type=unix,addr.path="
                    + UserNetworks.socket(Path.of(UserNetworks.folder(nic.name())), uid);
            case MachineNic.Network.Tap(String device) ->
                "tap,id=" + id + ",ifname=" + device + ",script=no,downscript=no" + pairs;
        };
        JsonObject device = new JsonObject();
        device.addProperty("driver", "virtio-net-pci");
        device.addProperty("id", "virtio-" + id);
        device.addProperty("netdev", id);
        device.addProperty("mac", nic.mac());
        device.addProperty("host_mtu", nic.mtuBytes());
        device.addProperty("disable-legacy", "on");
        // Nothing boots from it, and the file of the default is in another package.
        device.addProperty("romfile", "");
        if (nic.queuePairs() > 1) {
            device.addProperty("mq", true);
            // One for each queue, one for its configuration, one for the control queue.
            device.addProperty("vectors", 2 * nic.queuePairs() + 2);
        }
        return List.of("-netdev", netdev, "-device", device.toString());
    }
}
