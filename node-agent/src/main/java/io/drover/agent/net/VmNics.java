package io.drover.agent.net;

import io.drover.agent.driver.MachineNic;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import io.drover.vmm.client.UserNetworks;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The nics of one VM, and what they need of this host while its guest runs: a tap device for each that is in a bridge. Made
 * before each start and removed at its end, under names that follow from the VM's, so that whoever comes after a crash finds
 * them.
 */
public final class VmNics {
    private static final Logger log = LoggerFactory.getLogger(VmNics.class);
    private static final String ALL_ADDRESSES = "0.0.0.0";

    private final VmIdentity vm;
    private final List<NicOrder> orders;
    private final HostNetworks networks;

    /** The nics of a VM; nothing is made yet. Refuses two of a name with an {@link IllegalArgumentException}. */
    public VmNics(VmIdentity vm, List<NicOrder> orders, HostNetworks networks) {
        this.vm = vm;
        this.orders = List.copyOf(orders);
        this.networks = networks;
        if (orders.stream().map(NicOrder::name).distinct().count() != orders.size()) {
            throw new IllegalArgumentException(
                    "nics : " + orders.stream().map(NicOrder::name).toList() + " (expected: another name for each)");
        }
    }

    /** As a driver is to give them to the machine. */
    public List<MachineNic> forMachine() {
        return orders.stream().map(this::forMachine).toList();
    }

    private MachineNic forMachine(NicOrder order) {
        return switch (order.network()) {
            case NicOrder.Network.User(List<MachineNic.Forward> forwards) ->
                forMachine(order, new MachineNic.Network.User(forwards), UserNetworks.DEFAULT_MTU_BYTES);
            case NicOrder.Network.Bridge bridge ->
                forMachine(order, new MachineNic.Network.Tap(device(order)), networks.mtuBytes(bridge));
        };
    }

    private static MachineNic forMachine(NicOrder order, MachineNic.Network network, int networkMtuBytes) {
        return new MachineNic(order.name(), order.mac(), network,
                order.mtuBytes() == 0 ? networkMtuBytes : order.mtuBytes(), order.queuePairs(), order.receiveRate(),
                order.sendRate());
    }

    private String device(NicOrder order) {
        return networks.taps().name(vm.uid(), order.name());
    }

    /** The tap devices that are the VM's while its guest runs. */
    public Set<String> devices() {
        return orders.stream().filter(order -> order.network() instanceof NicOrder.Network.Bridge).map(this::device)
                .collect(Collectors.toSet());
    }

    /**
     * Looks whether this host has what they need.
     *
     * @throws RefusedException NETWORK_MISSING, PORT_TAKEN
     */
    public void check() throws RefusedException {
        for (NicOrder order : orders) {
            networks.check(vm.name(), order);
            if (order.network() instanceof NicOrder.Network.User(List<MachineNic.Forward> forwards)) {
                for (MachineNic.Forward forward : forwards) {
                    tryPort(forward);
                }
            }
        }
    }

    /**
     * Looks whether this host has what they are to be joined to. Of ports that are forwarded the machine finds out: a nic that it
     * has already listens at its own.
     *
     * @throws RefusedException NETWORK_MISSING
     */
    public void checkNetworks() throws RefusedException {
        for (NicOrder order : orders) {
            networks.check(vm.name(), order);
        }
    }

    /** That it can be listened at: passt would find out too late for anybody to hear of it. */
    private void tryPort(MachineNic.Forward forward) throws RefusedException {
        try {
            InetSocketAddress address = new InetSocketAddress(InetAddress.ofLiteral(
                    forward.hostAddress().isEmpty() ? ALL_ADDRESSES : forward.hostAddress()), forward.hostPort());
            switch (forward.protocol()) {
                case TCP -> {
                    try (ServerSocket socket = new ServerSocket()) {
                        socket.setReuseAddress(true);
                        socket.bind(address);
                    }
                }
                case UDP -> {
                    try (DatagramSocket socket = new DatagramSocket(address)) {
                        log.debug("VM {}: {} is free", vm, socket.getLocalSocketAddress());
                    }
                }
            }
        } catch (IOException e) {
            throw portTaken(vm.name(), forward, e.getMessage()).causedBy(e);
        }
    }

    /**
     * A port of the host that a VM wants is not to be had.
     *
     * @param why who has it, or what the system said
     */
    public static RefusedException portTaken(String vm, MachineNic.Forward forward, String why) {
        return new RefusedException(Reason.PORT_TAKEN, "vms/" + vm, "this host cannot forward " + forward + ": " + why,
                "choose another host port, or place the VM on another host")
                .with("port", Integer.toString(forward.hostPort()));
    }

    /**
     * Makes what the machine needs, anew if it is there. Nobody may be running it.
     *
     * @param user that the machine's process will run as
     */
    public void make(int user) throws IOException, InterruptedException {
        release();
        for (NicOrder order : orders) {
            if (order.network() instanceof NicOrder.Network.Bridge bridge) {
                networks.taps().make(device(order), bridge.name(), order.queuePairs() > 1, networks.mtuBytes(bridge),
                        user, "drover:vms/" + vm.name() + ":" + order.name());
            }
        }
    }

    /** As {@link #make(int)}, for one of them that no machine has. */
    public void make(String name, int user) throws IOException, InterruptedException {
        one(name).make(user);
    }

    /** Removes what was made for one of them that no machine has. */
    public void remove(String name) throws InterruptedException {
        for (String device : one(name).devices()) {
            try {
                networks.taps().remove(device);
            } catch (IOException e) {
                log.warn("VM {}: its tap device {} is left behind", vm, device, e);
            }
        }
    }

    /** Without the user network's processes: those of the other nics bear the same mark. */
    private VmNics one(String name) {
        return new VmNics(vm, orders.stream().filter(
                order -> order.name().equals(name) && order.network() instanceof NicOrder.Network.Bridge).toList(),
                networks);
    }

    /** Removes what {@link #make} has made, and what a machine that ended badly has left. */
    public void release() throws InterruptedException {
        if (orders.stream().anyMatch(order -> order.network() instanceof NicOrder.Network.User)) {
            PasstProcess.endAll(vm.uid());
        }
        for (String device : devices()) {
            try {
                networks.taps().remove(device);
            } catch (IOException e) {
                log.warn("VM {}: its tap device {} is left behind", vm, device, e);
            }
        }
    }
}
