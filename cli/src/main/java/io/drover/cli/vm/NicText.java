package io.drover.cli.vm;

import io.drover.cli.output.Quantity;
import io.drover.proto.v1.FrameRate;
import io.drover.proto.v1.PortForward;
import io.drover.proto.v1.VmNic;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Nics of a VM for people, a line each. */
final class NicText {
    private NicText() {}

    static String of(List<VmNic> nics) {
        return nics.stream().map(NicText::of).collect(Collectors.joining("\n"));
    }

    private static String of(VmNic nic) {
        StringBuilder text = new StringBuilder(nic.getName()).append(": ")
                .append(nic.hasBridge() ? "bridge " + nic.getBridge().getBridge() : "user network").append(", ")
                .append(nic.getEffectiveMac());
        if (nic.getMtuBytes() > 0) {
            text.append(", MTU ").append(nic.getMtuBytes());
        }
        if (nic.getQueuePairs() > 1) {
            text.append(", ").append(nic.getQueuePairs()).append(" pairs of queues");
        }
        append(text, "receives", nic.getReceiveRate());
        append(text, "sends", nic.getSendRate());
        nic.getUser().getForwardsList().forEach(forward -> append(text, forward));
        return text.toString();
    }

    private static void append(StringBuilder text, PortForward forward) {
        text.append(", ").append(forward.getProtocol().name().toLowerCase(Locale.ROOT)).append(' ');
        if (!forward.getHostAddress().isEmpty()) {
            text.append(forward.getHostAddress()).append(':');
        }
        text.append(forward.getHostPort()).append(" to ").append(forward.getGuestPort());
    }

    private static void append(StringBuilder text, String verb, FrameRate rate) {
        if (rate.getBytesPerSecond() > 0) {
            text.append(", ").append(verb).append(" at most ").append(Quantity.bytes(rate.getBytesPerSecond()))
                    .append("/s");
        }
        if (rate.getFramesPerSecond() > 0) {
            text.append(", ").append(verb).append(" at most ").append(rate.getFramesPerSecond())
                    .append(" frames/s");
        }
    }
}
