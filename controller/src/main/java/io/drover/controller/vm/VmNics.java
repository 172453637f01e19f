package io.drover.controller.vm;

import io.drover.controller.problem.Violations;
import io.drover.controller.record.MacAddress;
import io.drover.controller.record.Nic;
import io.drover.proto.v1.BridgeNetwork;
import io.drover.proto.v1.FrameRate;
import io.drover.proto.v1.PortForward;
import io.drover.proto.v1.UserNetwork;
import io.drover.proto.v1.VmNic;
import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The nics of a VM in the public API: checked on the way in, shown on the way out. */
final class VmNics {
    private static final int MAX_NICS = 4;
    private static final int MAX_FORWARDS = 16;
    /** The least of IPv4 (RFC 791), which virtio wants too (1.2, 5.1.4.1). */
    private static final int MIN_MTU_BYTES = 68;
    private static final int MAX_MTU_BYTES = 65_535;
    /** The largest that passt(1) knows. */
    private static final int MAX_USER_MTU_BYTES = 65_520;
    private static final int MAX_QUEUE_PAIRS = 4;
    private static final int MAX_PORT = 65_535;
    private static final long MAX_RATE = 2_000_000_000;
    /** Linux's names of network devices (IFNAMSIZ of linux/if.h), less what would have to be quoted somewhere. */
    private static final Pattern BRIDGE = Pattern.compile("(?!\\.{1,2}$)[A-Za-z0-9._-]{1,15}");
    private static final Pattern ADDRESS = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    private VmNics() {}

    /**
     * What a client asks for.
     *
     * @param field the path of the nics in the request
     * @param driver that the client asks for, or empty
     * @return those that nothing is wrong with
     */
    static List<Nic> read(List<VmNic> asked, String driver, String field, Violations violations) {
        violations.require(asked.size() <= MAX_NICS, field,
                asked.size() + " nics (expected: at most " + MAX_NICS + ")");
        List<Nic> nics = new ArrayList<>();
        Set<String> names = new HashSet<>();
        Set<MacAddress> macs = new HashSet<>();
        List<Nic.PortForward> forwards = new ArrayList<>();
        for (int index = 0; index < asked.size(); index++) {
            String at = field + "[" + index + "]";
            Optional<Nic> read = read(asked.get(index), driver, at, forwards, violations);
            if (read.isPresent()) {
                Nic nic = read.get();
                violations.require(names.add(nic.name()), at + ".name",
                        Violations.quoted(nic.name()) + " (expected: another for each nic)");
                violations.require(nic.givenMac().map(macs::add).orElse(true), at + ".mac",
                        asked.get(index).getMac() + " (expected: another for each nic)");
                nics.add(nic);
            }
        }
        return nics;
    }

    private static Optional<Nic> read(VmNic nic, String driver, String field, List<Nic.PortForward> forwards,
            Violations violations) {
        Optional<String> name = violations.id(field + ".name", nic.getName(), text -> text);
        Optional<Nic.Network> network = switch (nic.getNetworkCase()) {
            case USER -> user(nic.getUser(), field + ".user.forwards", forwards, violations);
            case BRIDGE -> bridge(nic.getBridge().getBridge(), field + ".bridge.bridge", violations);
            case NETWORK_NOT_SET -> {
                violations.add(field, "is joined to no network (expected: user or bridge)");
                yield Optional.empty();
            }
        };
        boolean user = nic.hasUser();
        Optional<MacAddress> mac = MacAddress.parse(nic.getMac());
        boolean macFormed = mac.isPresent() || nic.getMac().isEmpty();
        violations.require(macFormed, field + ".mac",
                Violations.quoted(nic.getMac()) + " (expected: " + MacAddress.RULE + ")");
        int mtu = nic.getMtuBytes();
        int maxMtu = user ? MAX_USER_MTU_BYTES : MAX_MTU_BYTES;
        boolean mtuFits = mtu == 0 || (mtu >= MIN_MTU_BYTES && mtu <= maxMtu);
        violations.require(mtuFits, field + ".mtu_bytes", mtu + " (expected: " + MIN_MTU_BYTES + " to " + maxMtu
                + (user ? " on a user network" : "") + ", or 0 for the network's)");
        int pairs = nic.getQueuePairs();
        int maxPairs = user ? 1 : MAX_QUEUE_PAIRS;
        boolean pairsFit = pairs >= 0 && pairs <= maxPairs;
        violations.require(pairsFit, field + ".queue_pairs", pairs + " (expected: at most " + maxPairs
                + (user ? " on a user network" : "") + "; 0 for 1)");
        Optional<Nic.FrameRate> receive = rate(nic.getReceiveRate(), driver, field + ".receive_rate", violations);
        Optional<Nic.FrameRate> send = rate(nic.getSendRate(), driver, field + ".send_rate", violations);
        if (name.isEmpty() || network.isEmpty() || !macFormed || !mtuFits || !pairsFit || receive.isEmpty()
                || send.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Nic(name.get(), network.get(), mac, mtu, Math.max(pairs, 1), receive.get(),
                send.get()));
    }

    private static Optional<Nic.Network> bridge(String name, String field, Violations violations) {
        boolean formed = BRIDGE.matcher(name).matches();
        violations.require(formed, field, Violations.quoted(name)
                + " (expected: the name of a bridge of the hosts, 1 to 15 of A-Z, a-z, 0-9, '.', '_' and '-')");
        return formed ? Optional.of(new Nic.Network.Bridge(name)) : Optional.empty();
    }

    private static Optional<Nic.Network> user(UserNetwork user, String field, List<Nic.PortForward> others,
            Violations violations) {
        violations.require(user.getForwardsCount() <= MAX_FORWARDS, field,
                user.getForwardsCount() + " forwards (expected: at most " + MAX_FORWARDS + ")");
        List<Nic.PortForward> forwards = new ArrayList<>();
        for (int index = 0; index < user.getForwardsCount(); index++) {
            String at = field + "[" + index + "]";
            Optional<Nic.PortForward> read = forward(user.getForwards(index), at, violations);
            if (read.isPresent()) {
                Nic.PortForward forward = read.get();
                violations.require(others.stream().noneMatch(forward::excludes), at + ".host_port",
                        forward + " is forwarded twice (expected: once)");
                others.add(forward);
                forwards.add(forward);
            }
        }
        return forwards.size() == user.getForwardsCount() ? Optional.of(new Nic.Network.User(forwards))
                : Optional.empty();
    }

    private static Optional<Nic.PortForward> forward(PortForward forward, String field, Violations violations) {
        Optional<Nic.PortForward.Protocol> protocol = forward.getProtocolValue() == 0
                ? Optional.of(Nic.PortForward.Protocol.TCP)
                : Nic.PortForward.Protocol.of(forward.getProtocolValue());
        violations.require(protocol.isPresent(), field + ".protocol",
                forward.getProtocolValue() + " (expected: TCP, UDP or nothing)");
        Optional<String> address = address(forward.getHostAddress());
        violations.require(address.isPresent(), field + ".host_address",
                Violations.quoted(forward.getHostAddress()) + " (expected: an IPv4 address of the host, or nothing)");
        boolean hostPort = port(forward.getHostPort(), field + ".host_port", violations);
        boolean guestPort = port(forward.getGuestPort(), field + ".guest_port", violations);
        if (protocol.isEmpty() || address.isEmpty() || !hostPort || !guestPort) {
            return Optional.empty();
        }
        return Optional.of(new Nic.PortForward(protocol.get(), address.get(), forward.getHostPort(),
                forward.getGuestPort()));
    }

    /** As it is kept: empty for all of a host's. */
    private static Optional<String> address(String text) {
        if (text.isEmpty()) {
            return Optional.of("");
        }
        try {
            Inet4Address address = Inet4Address.ofLiteral(text);
            return ADDRESS.matcher(text).matches()
                    ? Optional.of(address.isAnyLocalAddress() ? "" : address.getHostAddress())
                    : Optional.empty();
        } catch (IllegalArgumentException expected) {
            return Optional.empty();
        }
    }

    private static boolean port(int port, String field, Violations violations) {
        boolean holds = port >= 1 && port <= MAX_PORT;
        violations.require(holds, field, port + " (expected: 1 to " + MAX_PORT + ")");
        return holds;
    }

    private static Optional<Nic.FrameRate> rate(FrameRate rate, String driver, String field, Violations violations) {
        long bytes = rate.getBytesPerSecond();
        long frames = rate.getFramesPerSecond();
        boolean inRange = bytes >= 0 && bytes <= MAX_RATE && frames >= 0 && frames <= MAX_RATE;
        violations.require(inRange, field, bytes + " bytes and " + frames + " frames a second (expected: 0 to "
                + MAX_RATE + " each; 0 for no limit)");
        violations.require(!driver.equals("qemu") || (bytes == 0 && frames == 0), field,
                "the driver qemu has no rate limits of nics (expected: none, or the driver kvm)");
        return inRange ? Optional.of(new Nic.FrameRate(bytes, frames)) : Optional.empty();
    }

    /**
     * As users see it.
     *
     * @param uid of the VM
     */
    static VmNic message(Nic nic, String uid) {
        VmNic.Builder message = VmNic.newBuilder().setName(nic.name())
                .setMac(nic.givenMac().map(MacAddress::toString).orElse("")).setMtuBytes(nic.mtuBytes())
                .setQueuePairs(nic.queuePairs()).setEffectiveMac(nic.mac(uid).toString());
        switch (nic.network()) {
            case Nic.Network.User(List<Nic.PortForward> forwards) -> message.setUser(UserNetwork.newBuilder()
                    .addAllForwards(forwards.stream().map(VmNics::message).toList()));
            case Nic.Network.Bridge(String name) -> message.setBridge(BridgeNetwork.newBuilder().setBridge(name));
        }
        if (!nic.receiveRate().equals(Nic.FrameRate.ANY)) {
            message.setReceiveRate(message(nic.receiveRate()));
        }
        if (!nic.sendRate().equals(Nic.FrameRate.ANY)) {
            message.setSendRate(message(nic.sendRate()));
        }
        return message.build();
    }

    private static PortForward message(Nic.PortForward forward) {
        return PortForward.newBuilder().setProtocolValue(forward.protocol().number())
                .setHostAddress(forward.hostAddress()).setHostPort(forward.hostPort())
                .setGuestPort(forward.guestPort()).build();
    }

    private static FrameRate message(Nic.FrameRate rate) {
        return FrameRate.newBuilder().setBytesPerSecond(rate.bytesPerSecond())
                .setFramesPerSecond(rate.framesPerSecond()).build();
    }
}
