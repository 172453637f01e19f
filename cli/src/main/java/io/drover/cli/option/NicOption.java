package io.drover.cli.option;

import io.drover.proto.v1.BridgeNetwork;
import io.drover.proto.v1.FrameRate;
import io.drover.proto.v1.PortForward;
import io.drover.proto.v1.UserNetwork;
import io.drover.proto.v1.VmNic;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/**
 * A nic of a VM as on the command line: {@code user,forward=tcp:8080:80} or {@code bridge=br0,mac=52:54:00:12:34:56,send=10M}.
 *
 * @param nic without a name, if none was said
 */
public record NicOption(VmNic nic) {
    /** How it is written, for help texts. */
    public static final String LABEL = "user|bridge=B[,name=N][,forward=F]...[,mac=M][,mtu=N][,queues=N][,receive=R][,send=R]";

    /** Before one was said. */
    public static final NicOption NONE = new NicOption(VmNic.getDefaultInstance());

    private static final Pattern FORWARD = Pattern
            .compile("(?:(tcp|udp):)?(?:(\\d{1,3}(?:\\.\\d{1,3}){3}):)?(\\d{1,5}):(\\d{1,5})");
    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

    static NicOption parse(String text) {
        VmNic.Builder nic = VmNic.newBuilder();
        UserNetwork.Builder user = UserNetwork.newBuilder();
        Set<String> keys = new HashSet<>();
        for (String part : text.split(",", -1)) {
            int equals = part.indexOf('=');
            String key = equals < 0 ? part : part.substring(0, equals);
            if (!key.equals("forward") && !keys.add(key)) {
                throw wrong(text, "'" + key + "' is there twice");
            }
            if (key.equals("user") && equals < 0) {
                continue;
            }
            if (equals < 0 || equals == part.length() - 1) {
                throw wrong(text, "'" + part + "' is none of its parts");
            }
            String value = part.substring(equals + 1);
            if (key.equals("forward")) {
                user.addForwards(forward(value, text));
            } else {
                set(nic, key, value, text);
            }
        }
        boolean isUser = keys.contains("user");
        if (isUser == nic.hasBridge()) {
            throw wrong(text, isUser ? "it is joined to two networks" : "it is joined to no network");
        }
        if (!isUser && user.getForwardsCount() > 0) {
            throw wrong(text, "only a user network forwards ports");
        }
        return new NicOption(isUser ? nic.setUser(user).build() : nic.build());
    }

    private static void set(VmNic.Builder nic, String key, String value, String text) {
        switch (key) {
            case "bridge" -> nic.setBridge(BridgeNetwork.newBuilder().setBridge(value));
            case "name" -> nic.setName(value);
            case "mac" -> nic.setMac(value);
            case "mtu" -> nic.setMtuBytes(number(value, text));
            case "queues" -> nic.setQueuePairs(number(value, text));
            case "receive" -> nic.setReceiveRate(rate(nic.getReceiveRate(), value));
            case "send" -> nic.setSendRate(rate(nic.getSendRate(), value));
            case "receive-frames" -> nic
                    .setReceiveRate(nic.getReceiveRate().toBuilder().setFramesPerSecond(number(value, text)));
            case "send-frames" -> nic
                    .setSendRate(nic.getSendRate().toBuilder().setFramesPerSecond(number(value, text)));
            default -> throw wrong(text, "'" + key + "' is none of its parts");
        }
    }

    private static FrameRate rate(FrameRate rate, String value) {
        return rate.toBuilder().setBytesPerSecond(Converters.bytes(value).count()).build();
    }

    private static PortForward forward(String value, String text) {
        Matcher matcher = FORWARD.matcher(value.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw wrong(text, "'" + value + "' is no forward, as tcp:8080:80 and udp:127.0.0.1:5353:53 are");
        }
        PortForward.Builder forward = PortForward.newBuilder()
                .setProtocol("udp".equals(matcher.group(1)) ? PortForward.Protocol.UDP : PortForward.Protocol.TCP)
                .setHostPort(number(matcher.group(3), text)).setGuestPort(number(matcher.group(4), text));
        return matcher.group(2) == null ? forward.build() : forward.setHostAddress(matcher.group(2)).build();
    }

    private static int number(String value, String text) {
        if (!NUMBER.matcher(value).matches()) {
            throw wrong(text, "'" + value + "' is no number of at most 9 digits");
        }
        return Integer.parseInt(value);
    }

    /** With a name, if it was given none. */
    public VmNic named(String name) {
        return nic.getName().isEmpty() ? nic.toBuilder().setName(name).build() : nic;
    }

    private static TypeConversionException wrong(String text, String what) {
        return new TypeConversionException("'" + text + "' is no nic: " + what + " (expected: " + LABEL + ")");
    }
}
