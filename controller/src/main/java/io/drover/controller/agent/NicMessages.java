package io.drover.controller.agent;

import io.drover.controller.record.Nic;
import io.drover.proto.agent.v1.StartVmRequest;
import java.util.List;

/** Nics as an agent is asked for them. */
final class NicMessages {
    private NicMessages() {}

    static StartVmRequest.Nic of(RunNic run) {
        Nic nic = run.nic();
        StartVmRequest.Nic.Builder message = StartVmRequest.Nic.newBuilder().setName(nic.name())
                .setMac(run.mac().toString()).setMtuBytes(nic.mtuBytes()).setQueuePairs(nic.queuePairs())
                .setReceiveRate(of(nic.receiveRate())).setSendRate(of(nic.sendRate()));
        switch (nic.network()) {
            case Nic.Network.User(List<Nic.PortForward> forwards) ->
                message.setUser(StartVmRequest.UserNetwork.newBuilder()
                        .addAllForwards(forwards.stream().map(NicMessages::of).toList()));
            case Nic.Network.Bridge(String name) ->
                message.setBridge(StartVmRequest.BridgeNetwork.newBuilder().setBridge(name));
        }
        return message.build();
    }

    private static StartVmRequest.PortForward of(Nic.PortForward forward) {
        return StartVmRequest.PortForward.newBuilder().setProtocol(switch (forward.protocol()) {
            case TCP -> StartVmRequest.PortForward.Protocol.TCP;
            case UDP -> StartVmRequest.PortForward.Protocol.UDP;
        }).setHostAddress(forward.hostAddress()).setHostPort(forward.hostPort()).setGuestPort(forward.guestPort())
                .build();
    }

    private static StartVmRequest.FrameRate of(Nic.FrameRate rate) {
        return StartVmRequest.FrameRate.newBuilder().setBytesPerSecond(rate.bytesPerSecond())
                .setFramesPerSecond(rate.framesPerSecond()).build();
    }
}
