package io.drover.agent.net;

import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The networks of this host that VMs can be joined to. Safe for all threads. */
public final class HostNetworks {
    private static final Logger log = LoggerFactory.getLogger(HostNetworks.class);
    private static final String USER = "user";
    private static final String BRIDGE = "bridge/";
    /** More would not fit into a host's record; a host with more says which with {@code --bridge}. */
    private static final int MAX_BRIDGES = 32;
    private static final int ETHERNET_MTU_BYTES = 1500;

    private final Path devices;
    private final Set<String> wanted;
    private final Optional<String> noUser;
    private final TapDevices taps;
    private final Optional<String> noTaps;

    private HostNetworks(Path devices, Set<String> wanted, Optional<String> noUser, TapDevices taps,
            Optional<String> noTaps) {
        this.devices = devices;
        this.wanted = Set.copyOf(wanted);
        this.noUser = noUser;
        this.taps = taps;
        this.noTaps = noTaps;
    }

    /**
     * Tries out what this host has; a fraction of a second.
     *
     * @param data the agent's folder, from which the names of its tap devices come
     * @param bridges those to offer; empty: all
     */
    public static HostNetworks probe(Path data, Set<String> bridges) throws InterruptedException {
        Optional<String> noUser = UserNetworkTrial.run(data);
        TapDevices taps = TapDevices.of(data);
        Optional<String> noTaps = taps.tryOne();
        noUser.ifPresent(why -> log.info("no user networks: {}", why));
        noTaps.ifPresent(why -> log.info("no nics in bridges: {}", why));
        return new HostNetworks(Path.of("/sys/class/net"), bridges, noUser, taps, noTaps);
    }

    /** What is advertised of the host: "user", "bridge/br0". */
    public List<String> advertised() {
        List<String> names = new ArrayList<>();
        if (noTaps.isEmpty()) {
            bridges().stream().limit(MAX_BRIDGES).forEach(bridge -> names.add(BRIDGE + bridge));
        }
        if (noUser.isEmpty()) {
            names.add(USER);
        }
        return names;
    }

    private Set<String> bridges() {
        Set<String> found = new TreeSet<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(devices,
                device -> Files.isDirectory(device.resolve("bridge")))) {
            all.forEach(device -> found.add(device.getFileName().toString()));
        } catch (IOException e) {
            log.warn("the host's network devices cannot be listed", e);
        }
        found.removeIf(name -> !NicOrder.Network.Bridge.isName(name) || !isWanted(name));
        return found;
    }

    private boolean isWanted(String bridge) {
        return wanted.isEmpty() || wanted.contains(bridge);
    }

    TapDevices taps() {
        return taps;
    }

    /**
     * The most bytes behind an Ethernet header in a frame of a bridge; while there is no such bridge, what bridges have by
     * default.
     */
    int mtuBytes(NicOrder.Network.Bridge bridge) {
        try {
            return Integer.parseInt(Files.readString(devices.resolve(bridge.name()).resolve("mtu")).strip());
        } catch (IOException | NumberFormatException e) {
            log.debug("bridge {}: its MTU is not known", bridge.name(), e);
            return ETHERNET_MTU_BYTES;
        }
    }

    /**
     * Looks whether a nic can be joined to its network.
     *
     * @param vm its name
     * @throws RefusedException NETWORK_MISSING
     */
    void check(String vm, NicOrder nic) throws RefusedException {
        switch (nic.network()) {
            case NicOrder.Network.User _ -> {
                if (noUser.isPresent()) {
                    throw missing(vm, nic, USER, "this host has no user networks: " + noUser.get(),
                            "mend that, then restart the agent, or place the VM on another host");
                }
            }
            case NicOrder.Network.Bridge bridge -> check(vm, nic, bridge);
        }
    }

    private void check(String vm, NicOrder nic, NicOrder.Network.Bridge bridge) throws RefusedException {
        String name = bridge.name();
        if (noTaps.isPresent()) {
            throw missing(vm, nic, BRIDGE + name, "this host joins no nics to bridges: " + noTaps.get(),
                    "mend that, then restart the agent, or place the VM on another host");
        }
        if (!isWanted(name)) {
            throw missing(vm, nic, BRIDGE + name, "this host does not offer the bridge " + name,
                    "start its agent with --bridge " + name + ", or place the VM on another host");
        }
        if (!Files.isDirectory(devices.resolve(name).resolve("bridge"))) {
            throw missing(vm, nic, BRIDGE + name, "this host has no bridge " + name,
                    "make it (ip link add " + name + " type bridge), or place the VM on a host that has it");
        }
        int mtu = mtuBytes(bridge);
        if (nic.mtuBytes() > mtu) {
            throw missing(vm, nic, BRIDGE + name,
                    "nic " + nic.name() + " has an MTU of " + nic.mtuBytes() + ", the bridge " + name + " of " + mtu,
                    "give the nic no MTU or a smaller one, or the bridge and its ports a larger one");
        }
    }

    private static RefusedException missing(String vm, NicOrder nic, String network, String message, String nextStep) {
        return new RefusedException(Reason.NETWORK_MISSING, "vms/" + vm, message, nextStep).with("network", network)
                .with("nic", nic.name());
    }

    /**
     * Removes tap devices that an earlier agent has left.
     *
     * @param inUse those that VMs of this host have
     */
    public void removeLeftovers(Set<String> inUse) throws InterruptedException {
        for (String device : taps.all()) {
            if (!inUse.contains(device)) {
                try {
                    taps.remove(device);
                    log.info("tap device {}: left by an earlier agent, removed", device);
                } catch (IOException e) {
                    log.warn("tap device {}: left by an earlier agent, and cannot be removed", device, e);
                }
            }
        }
    }
}
