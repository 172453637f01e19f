package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.RetryInfo;
import io.drover.controller.fake.FakeAgent;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.TaskServiceGrpc;
import io.drover.proto.v1.VmServiceGrpc;
import io.drover.proto.v1.VmState;
import io.drover.proto.v1.WaitTaskRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An ensemble of one that goes away for 20 s, longer than every session, and comes back. */
final class ZooKeeperAwayTest {
    private static final long AWAY_SECONDS = 20;

    @TempDir
    private Path data;

    @Test
    void readsGoOnChangesAreRefusedAndAllGoesOnAfterwards() throws Exception {
        try (TestingServer zookeeper = new TestingServer();
                Controller controller = Controller
                        .start(Cloud.config(data, Optional.of(zookeeper.getConnectString()), 0), () -> {});
                Client client = new Client(controller.apiAddress());
                FakeAgent host = new FakeAgent("h1", zookeeper.getConnectString(), 4, 1024 * Cloud.MIB).start()) {
            client.image();
            Task create = client.end(client.vms().createVm(Cloud.creation("web-1")));
            assertThat(create.getState()).isEqualTo(Task.State.SUCCEEDED);

            zookeeper.stop();
            long back = System.nanoTime() + TimeUnit.SECONDS.toNanos(AWAY_SECONDS);
            StopVmRequest stop = StopVmRequest.newBuilder().setName("vms/web-1")
                    .setRequestId(UUID.randomUUID().toString()).build();
            Refusals refusal = Eventually.get(() -> Refusals.of(() -> client.vms().stopVm(stop)),
                    refused -> refused.reason().equals("STORE_UNAVAILABLE"));
            assertThat(refusal.code()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(refusal.message()).contains("has not answered since 20");
            assertThat(refusal.status().getDetailsList()).anyMatch(detail -> detail.is(RetryInfo.class));
            assertThat(client.vms().getVm(GetVmRequest.newBuilder().setName("vms/web-1").build()).getState())
                    .isEqualTo(VmState.VM_STATE_RUNNING);
            TimeUnit.NANOSECONDS.sleep(back - System.nanoTime());
            assertThat(host.calls()).as("a guest does not notice").noneMatch(call -> call.contains("kill"));
            zookeeper.restart();

            Task stopped = client.end(Eventually.get(() -> client.vms().stopVm(stop), task -> true));
            assertThat(stopped.getState()).isEqualTo(Task.State.SUCCEEDED);
        }
    }

    /** Of a controller that the test made itself. */
    record Client(ManagedChannel channel, String address) implements AutoCloseable {
        Client(String address) {
            this(Cloud.channel(address), address);
        }

        VmServiceGrpc.VmServiceBlockingV2Stub vms() {
            return VmServiceGrpc.newBlockingV2Stub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
        }

        Task end(Task task) throws Exception {
            return TaskServiceGrpc.newBlockingV2Stub(channel).withDeadlineAfter(70, TimeUnit.SECONDS)
                    .waitTask(WaitTaskRequest.newBuilder().setName(task.getName())
                            .setTimeout(com.google.protobuf.Duration.newBuilder().setSeconds(60)).build());
        }

        void image() throws Exception {
            Cloud.image(channel, "debian");
        }

        @Override
        public void close() {
            channel.shutdownNow();
        }
    }
}
