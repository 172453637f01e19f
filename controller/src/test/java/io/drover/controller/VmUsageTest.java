package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.TextFormat;
import io.drover.controller.fake.FakeAgent;
import io.drover.proto.v1.ListVmUsageRequest;
import io.drover.proto.v1.ListVmUsageResponse;
import io.drover.proto.v1.StopVmRequest;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmDiskUsage;
import io.drover.proto.v1.VmUsage;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What VMs have used, as their hosts tell it. */
final class VmUsageTest {
    @TempDir
    private Path data;
    private Cloud cloud;

    @BeforeEach
    void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
    }

    @AfterEach
    void stop() {
        cloud.close();
    }

    private ListVmUsageResponse usage(ListVmUsageRequest request) throws Exception {
        return cloud.vms().listVmUsage(request);
    }

    private ListVmUsageResponse usage() throws Exception {
        return usage(ListVmUsageRequest.getDefaultInstance());
    }

    @Test
    void everyHostTellsOfTheVmsThatRunThere() throws Exception {
        cloud.host("h1", 1, 1024 * Cloud.MIB);
        cloud.host("h2", 1, 1024 * Cloud.MIB);
        for (String name : List.of("a", "b", "stopped")) {
            if (name.equals("stopped")) {
                cloud.end(cloud.vms().stopVm(StopVmRequest.newBuilder().setName("vms/a").build()));
            }
            cloud.running(name);
        }
        Vm b = cloud.vm("b");
        ListVmUsageResponse told = usage();
        assertThat(told.getUsagesList()).extracting(VmUsage::getVm).containsExactly("vms/b", "vms/stopped");
        assertThat(told.getUnreachableList()).isEmpty();
        VmUsage usage = told.getUsages(0);
        assertThat(usage.getUid()).isEqualTo(b.getUid());
        assertThat(usage.getHost()).isEqualTo(b.getHost());
        assertThat(usage.getRun()).isEqualTo("1-1");
        assertThat(usage.getCpuTime().getSeconds()).isEqualTo(b.getEpoch());
        assertThat(usage.getDisksList())
                .containsExactly(VmDiskUsage.newBuilder().setName("root").setReads(7).setFailures(1).build());
        // What the agent does not tell of the balloon and the guest's memory is not there.
        assertThat(usage.toBuilder().clearVm().clearUid().clearHost().clearDriver().clearRun().clearCpuTime()
                .clearSampleTime()
                .clearDisks().build()).isEqualTo(
                        TextFormat.parse("""
                                nics { name: "net0" received_frames: 1 received_bytes: 2 receive_drops: 3
                                  sent_frames: 4 sent_bytes: 5 send_drops: 6 }
                                vsock { open: 1 from_host: 2 from_guest: 3 refused: 4 received_bytes: 5 sent_bytes: 6 }
                                console_ports { name: "p" received_bytes: 1 sent_bytes: 2 }
                                balloon { target_bytes: 1 actual_bytes: 2 reported_bytes: 0
                                  guest_memory { time {} total_bytes: 1 free_bytes: 2 available_bytes: 3 cache_bytes: 4
                                    swapped_in_bytes: 5 swapped_out_bytes: 6 major_faults: 7 } }
                                watchdog { armed: true expirations: 1 }
                                rng { bytes: 9 }
                                """, VmUsage.class));

        assertThat(usage(ListVmUsageRequest.newBuilder().setFilter("name : \"stopped\"").build()).getUsagesList())
                .extracting(VmUsage::getVm).containsExactly("vms/stopped");
    }

    @Test
    void pagesTellOfAsManyVmsAsWereAskedFor() throws Exception {
        cloud.host("h1");
        for (String name : List.of("a", "b", "c")) {
            cloud.running(name);
        }
        ListVmUsageRequest request = ListVmUsageRequest.newBuilder().setPageSize(2).build();
        ListVmUsageResponse first = usage(request);
        assertThat(first.getUsagesList()).extracting(VmUsage::getVm).containsExactly("vms/a", "vms/b");
        ListVmUsageResponse second = usage(request.toBuilder().setPageToken(first.getNextPageToken()).build());
        assertThat(second.getUsagesList()).extracting(VmUsage::getVm).containsExactly("vms/c");
        assertThat(second.getNextPageToken()).isEmpty();
        assertThat(Refusals.of(() -> usage(request.toBuilder().setPageSize(1_001).build())).code())
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void hostThatDoesNotAnswerIsNamed() throws Exception {
        cloud.host("h1", 1, 1024 * Cloud.MIB);
        FakeAgent silent = cloud.host("h2", 1, 1024 * Cloud.MIB);
        Vm one = cloud.running("a");
        Vm other = cloud.running("b");
        String onSilent = one.getHost().equals("hosts/h2") ? one.getName() : other.getName();
        silent.goSilent();
        ListVmUsageResponse told = Eventually.get(this::usage, now -> now.getUnreachableCount() > 0);
        assertThat(told.getUnreachableList()).containsExactly("hosts/h2");
        assertThat(told.getUsagesList()).extracting(VmUsage::getVm).hasSize(1).doesNotContain(onSilent);
    }
}
