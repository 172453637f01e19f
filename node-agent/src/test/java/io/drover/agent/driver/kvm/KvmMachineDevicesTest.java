package io.drover.agent.driver.kvm;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.agent.driver.DeviceRefusedException;
import io.drover.agent.driver.MachineDisk;
import io.drover.agent.folder.VmFolder;
import io.drover.proto.vmm.v1.Error;
import io.drover.proto.vmm.v1.Reply;
import io.drover.proto.vmm.v1.Request;
import io.drover.vmm.client.VmmClient;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a VMM's refusals. The VMM is a socket that refuses all that it is asked. */
@Timeout(60)
final class KvmMachineDevicesTest {
    private static final MachineDisk.Rate RATE = new MachineDisk.Rate(1 << 20, 100);

    @TempDir
    private Path folder;

    private final BlockingQueue<Error> refusals = new LinkedBlockingQueue<>();
    private ServerSocketChannel server;
    private VmmClient client;
    private KvmMachineDevices devices;

    @BeforeEach
    void listen() throws Exception {
        Path socket = folder.resolve("vmm.sock");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().name("refusing VMM").start(this::refuseAll);
        client = VmmClient.connect(socket, Duration.ofSeconds(30));
        devices = new KvmMachineDevices(client, new KvmFiles(new VmFolder(folder)));
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        server.close();
    }

    private void refuseAll() {
        try (SocketChannel peer = server.accept()) {
            InputStream in = Channels.newInputStream(peer);
            Request request = Request.parseDelimitedFrom(in);
            while (request != null) {
                Reply.newBuilder().setId(request.getId()).setError(refusals.take()).build()
                        .writeDelimitedTo(Channels.newOutputStream(peer));
                request = Request.parseDelimitedFrom(in);
            }
        } catch (IOException expected) {
            // The test has ended.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void refuseNext(String reason, String message) {
        refusals.add(Error.newBuilder().setReason(reason).setMessage(message).build());
    }

    @Test
    void vmmOfAnEarlierReleaseTakesOtherLimitsAtItsNextStart() {
        refuseNext("BAD_REQUEST", "a request of no kind that this VMM knows");
        assertThatThrownBy(() -> devices.limitDisk("root", RATE)).isInstanceOf(DeviceRefusedException.class)
                .hasMessage("a request of no kind that this VMM knows; next: stop the VM, change it, start it");
        refuseNext("UNSUPPORTED", "devices stay");
        assertThatThrownBy(() -> devices.limitDisk("root", RATE)).isInstanceOf(DeviceRefusedException.class)
                .hasMessage("devices stay; next: stop the VM, change it, start it");
    }

    @Test
    void whatMayPassIsAskedForAgain() {
        refuseNext("FAILED", "disk disk-root : none");
        assertThatThrownBy(() -> devices.limitDisk("root", RATE)).isInstanceOf(IOException.class)
                .hasMessageContaining("disk-root : none");
    }

    @Test
    void otherRefusalsAreFinalAndAStopWouldNotHelp() {
        refuseNext("BAD_REQUEST", "a size that is none");
        assertThatThrownBy(() -> devices.resizeDisk("root", 1)).isInstanceOf(DeviceRefusedException.class)
                .hasMessage("a size that is none");
    }
}
