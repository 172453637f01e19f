package io.drover.agent.driver.qemu;

import io.drover.agent.driver.MachineConsoles;
import java.util.ArrayList;
import java.util.List;

/** A machine's consoles and ports on QEMU's command line. */
final class QemuConsoles {
    private QemuConsoles() {}

    /**
     * The arguments.
     *
     * @param chardev what is shown and typed into
     */
    static List<String> arguments(MachineConsoles consoles, String chardev) {
        List<String> line = new ArrayList<>();
        line.addAll(List.of("-serial", consoles.virtio() ? "null" : "chardev:" + chardev));
        if (consoles.any()) {
            line.addAll(List.of("-device", "virtio-serial-pci,id=ports"));
        }
        if (consoles.virtio()) {
            line.addAll(List.of("-device", "virtconsole,bus=ports.0,nr=0,chardev=" + chardev));
        }
        for (int index = 0; index < consoles.ports().size(); index++) {
            String name = consoles.ports().get(index);
            String id = "port" + index;
            line.addAll(List.of("-chardev",
                    "socket,id=" + id + ",path=" + MachineConsoles.socket(name) + ",server=on,wait=off"));
            line.addAll(List.of("-device",
                    "virtserialport,bus=ports.0,nr=" + (index + 1) + ",chardev=" + id + ",name=" + name));
        }
        return line;
    }
}
