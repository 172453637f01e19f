package io.drover.vmm.client;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.StreamConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import javax.net.ssl.SSLSocket;

/** Copies between a VMM, which is in the clear, and a TLS connection, until either ends. Two threads of its own. */
final class TlsRelay implements AutoCloseable {
    private static final int CHUNK_BYTES = 256 << 10;
    /** The VMM has its own timeouts, and tells by ending; this only bounds one wait. */
    private static final Duration LOOK_AROUND = Duration.ofMinutes(1);

    private final SSLSocket network;
    private final StreamConnection vmm;
    private final Thread up;
    private final Thread down;

    private TlsRelay(SSLSocket network, StreamConnection vmm) {
        this.network = network;
        this.vmm = vmm;
        this.up = Thread.ofPlatform().daemon().name("migration to " + network.getRemoteSocketAddress())
                .unstarted(this::toNetwork);
        this.down = Thread.ofPlatform().daemon().name("migration from " + network.getRemoteSocketAddress())
                .unstarted(this::toVmm);
    }

    /** Takes both over. */
    static TlsRelay start(SSLSocket network, FileHandle vmm) throws IOException {
        TlsRelay relay = new TlsRelay(network, StreamConnection.of(vmm, LOOK_AROUND));
        relay.up.start();
        relay.down.start();
        return relay;
    }

    private void toNetwork() {
        ByteBuffer direct = ByteBuffer.allocateDirect(CHUNK_BYTES);
        byte[] chunk = new byte[CHUNK_BYTES];
        IoVector vector = new IoVector(1);
        vector.add(direct, 0, CHUNK_BYTES);
        try {
            OutputStream out = network.getOutputStream();
            while (true) {
                long count = vmm.read(vector);
                if (count > 0) {
                    direct.get(0, chunk, 0, (int) count);
                    out.write(chunk, 0, (int) count);
                } else if (count != -Errno.EINTR && count != -Errno.EAGAIN) {
                    network.shutdownOutput();
                    return;
                }
            }
        } catch (IOException e) {
            // The other side is gone: the VMM sees its connection end.
            vmm.end();
        }
    }

    private void toVmm() {
        ByteBuffer direct = ByteBuffer.allocateDirect(CHUNK_BYTES);
        byte[] chunk = new byte[CHUNK_BYTES];
        IoVector vector = new IoVector(1);
        try {
            InputStream in = network.getInputStream();
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                direct.put(0, chunk, 0, count);
                int done = 0;
                while (done < count) {
                    vector.clear();
                    vector.add(direct, done, count - done);
                    long written = vmm.write(vector);
                    if (written > 0) {
                        done += (int) written;
                    } else if (written != -Errno.EINTR && written != -Errno.EAGAIN) {
                        throw new IOException("the VMM takes no more");
                    }
                }
            }
            vmm.endWriting();
        } catch (IOException e) {
            vmm.end();
            closeNetwork();
        }
    }

    private void closeNetwork() {
        try {
            network.close();
        } catch (IOException e) {
            // It is gone, which is all that is wanted.
            return;
        }
    }

    /** Ends both connections, and waits for the threads. */
    @Override
    public void close() {
        vmm.end();
        closeNetwork();
        boolean interrupted = false;
        for (Thread thread : new Thread[] {up, down}) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException expected) {
                    interrupted = true;
                }
            }
        }
        vmm.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
