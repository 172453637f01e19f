package io.drover.cli;

import io.drover.proto.v1.Host;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.Vm;
import java.io.IOException;

/** A fake controller with a few things in it. */
public final class TestCluster {
    private TestCluster() {}

    public static FakeController withVmsAndHosts() throws IOException {
        FakeController controller = new FakeController();
        controller.vms.put("vms/web-1", Vm.newBuilder().setName("vms/web-1").build());
        controller.vms.put("vms/web-2", Vm.newBuilder().setName("vms/web-2").build());
        controller.hosts.put("hosts/h1",
                Host.newBuilder().setName("hosts/h1").addNetworks("bridge/br0").addNetworks("user").build());
        controller.images.put("images/debian", Image.newBuilder().setName("images/debian").build());
        return controller;
    }
}
