package io.drover.agent.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A wire to a server on this machine that can be cut: then nothing comes through, and nobody is told. */
public final class NetworkCut implements AutoCloseable {
    private final InetSocketAddress server;
    private final ServerSocket listening;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final Object lock = new Object();
    private boolean cut;

    /** Whole at first. */
    public NetworkCut(String hostAndPort) throws IOException {
        int colon = hostAndPort.lastIndexOf(':');
        this.server = new InetSocketAddress(hostAndPort.substring(0, colon),
                Integer.parseInt(hostAndPort.substring(colon + 1)));
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().name("network").start(this::accept);
    }

    /** Where to connect instead. */
    public String address() {
        return "127.0.0.1:" + listening.getLocalPort();
    }

    /** What is on its way stays there, new connections get no answer. */
    public void cut() {
        synchronized (lock) {
            cut = true;
        }
    }

    /** Connections from before are gone, as after a long time; new ones work. */
    public void mend() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        sockets.clear();
        synchronized (lock) {
            cut = false;
            lock.notifyAll();
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                sockets.add(client);
                Thread.ofVirtual().start(() -> join(client));
            }
        } catch (IOException expected) {
            // Closed.
        }
    }

    private void join(Socket client) {
        try {
            Socket onward = new Socket();
            sockets.add(onward);
            onward.connect(server);
            Thread.ofVirtual().start(() -> pump(client, onward));
            pump(onward, client);
        } catch (IOException serverIsGone) {
            close(client);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException expected) {
            // It was closed already.
        }
    }

    private void pump(Socket from, Socket to) {
        byte[] bytes = new byte[8192];
        try (from; to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int length = in.read(bytes); length >= 0; length = in.read(bytes)) {
                awaitWhole();
                out.write(bytes, 0, length);
            }
            // Nor does an end come through.
            awaitWhole();
        } catch (IOException expected) {
            // One of the two is closed.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitWhole() throws InterruptedException {
        synchronized (lock) {
            while (cut) {
                lock.wait();
            }
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        mend();
    }
}
