package io.drover.vmm.bench;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.StreamConnection;
import io.drover.vmm.linux.TcpSocket;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.PageSet;
import io.drover.vmm.migration.stream.SendRate;
import io.drover.vmm.migration.stream.StreamException;
import io.drover.vmm.migration.stream.StreamReceiver;
import io.drover.vmm.migration.stream.StreamSender;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One end of a migration's stream without a guest, as {@code stream_rate.c} is: {@code receive CONNECTIONS MIB} prints the port,
 * {@code send CONNECTIONS MIB PORT ROUNDS} prints MiB/s of each round but the first.
 */
final class StreamLoop {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private StreamLoop() {}

    public static void main(String[] arguments) throws IOException {
        int connections = Integer.parseInt(arguments[1]);
        long bytes = Long.parseLong(arguments[2]) << 20;
        try (Arena arena = Arena.ofShared(); FileHandle file = FileHandle.memory("stream-rate", bytes)) {
            GuestMemory memory = GuestMemory.of(file.map(bytes, arena));
            memory.populate();
            if (arguments[0].equals("send")) {
                for (long page = 0; page < memory.pages(); page++) {
                    memory.regions().getFirst().segment().asSlice(page * 4096, 4096).fill((byte) (page | 1));
                }
                send(memory, connections, Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
            } else {
                receive(memory, connections);
            }
        }
    }

    private static void send(GuestMemory memory, int connections, int port, int rounds) throws IOException {
        List<StreamConnection> all = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            all.add(StreamConnection.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT));
        }
        try (StreamSender sender = new StreamSender("bench", memory, List.of(), all, TIMEOUT,
                new SendRate(Optional.empty()), false)) {
            sender.open();
            PageSet pages = new PageSet(memory.pages());
            pages.addAll();
            for (int round = 0; round < rounds; round++) {
                long begin = System.nanoTime();
                sender.sendPass(round, pages, List.of());
                if (round > 0) {
                    System.out.println(memory.size() / 1048576.0 / ((System.nanoTime() - begin) / 1e9));
                }
            }
            sender.finish(new byte[0]);
        }
    }

    private static void receive(GuestMemory memory, int connections) throws IOException {
        List<StreamConnection> all = new ArrayList<>();
        try (FileHandle door = TcpSocket.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), TIMEOUT)) {
            System.out.println(TcpSocket.port(door));
            for (int i = 0; i < connections; i++) {
                all.add(StreamConnection.of(TcpSocket.accept(door), TIMEOUT));
            }
        }
        try (StreamReceiver receiver = new StreamReceiver("bench", memory, List.of(), all, TIMEOUT, state -> {
            // There is none.
        })) {
            receiver.receive();
        } catch (StreamException e) {
            throw new IOException("receiving failed", e);
        }
    }
}
