package io.drover.vmm.migration.stream;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Hands on what is sent, but flips a bit of one byte, or ends the connection there. One connection. */
public final class DamagingWire implements StreamRig.Wire {
    private final long at;
    private final boolean cuts;

    private DamagingWire(long at, boolean cuts) {
        this.at = at;
        this.cuts = cuts;
    }

    public static DamagingWire flipping(long byteOfStream) {
        return new DamagingWire(byteOfStream, false);
    }

    public static DamagingWire cuttingAt(long byteOfStream) {
        return new DamagingWire(byteOfStream, true);
    }

    @Override
    public InetSocketAddress to(InetSocketAddress receiver) {
        try {
            ServerSocket door = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            Socket out = new Socket(receiver.getAddress(), receiver.getPort());
            Thread.ofVirtual().name("wire").start(() -> {
                try (door; Socket in = door.accept(); out) {
                    Thread back = Thread.ofVirtual().start(() -> copy(out, in, Long.MAX_VALUE));
                    copy(in, out, at);
                    back.join();
                } catch (IOException | InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            return new InetSocketAddress(door.getInetAddress(), door.getLocalPort());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void copy(Socket from, Socket to, long special) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] bytes = new byte[65536];
            long done = 0;
            int count = in.read(bytes);
            while (count >= 0) {
                if (special >= done && special < done + count) {
                    if (cuts) {
                        out.write(bytes, 0, (int) (special - done));
                        from.close();
                        to.close();
                        return;
                    }
                    bytes[(int) (special - done)] ^= 4;
                }
                out.write(bytes, 0, count);
                done += count;
                count = in.read(bytes);
            }
            to.shutdownOutput();
        } catch (IOException e) {
            // One of the two has ended.
            return;
        }
    }
}
