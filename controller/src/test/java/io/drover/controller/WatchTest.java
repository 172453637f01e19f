package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.fake.FakeAgent;
import io.drover.proto.agent.v1.Exit;
import io.drover.proto.v1.DeleteVmRequest;
import io.drover.proto.v1.ListVmsRequest;
import io.drover.proto.v1.VmState;
import io.drover.proto.v1.WatchVmsRequest;
import io.drover.proto.v1.WatchVmsResponse;
import io.grpc.Status;
import io.grpc.stub.BlockingClientCall;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Watching VMs. */
final class WatchTest {
    @TempDir
    private static Path data;
    private static Cloud cloud;
    private static FakeAgent host;

    @BeforeAll
    static void start() throws Exception {
        cloud = Cloud.start(data);
        cloud.image("debian");
        host = cloud.host("h1");
    }

    @AfterAll
    static void stop() {
        cloud.close();
    }

    private static BlockingClientCall<?, WatchVmsResponse> watch(String revision, String filter) {
        return cloud.vms().watchVms(WatchVmsRequest.newBuilder().setRevision(revision).setFilter(filter).build());
    }

    /** Reads until an event of this type comes. */
    private static WatchVmsResponse next(BlockingClientCall<?, WatchVmsResponse> watch, WatchVmsResponse.Type type)
            throws Exception {
        for (WatchVmsResponse event = watch.read(); event != null; event = watch.read()) {
            if (event.getType() == type) {
                return event;
            }
        }
        throw new AssertionError("the stream ended before " + type);
    }

    @Test
    void watchBeginsWithAllThenTellsChangesAndCanBeResumed() throws Exception {
        cloud.running("seen-1");
        String filter = "name : \"seen-\"";
        var watch = watch("", filter);
        assertThat(next(watch, WatchVmsResponse.Type.ADDED).getVm().getName()).isEqualTo("vms/seen-1");
        String revision = next(watch, WatchVmsResponse.Type.SYNCED).getRevision();
        watch.cancel("seen enough", null);

        cloud.running("seen-2");
        cloud.end(cloud.vms().deleteVm(DeleteVmRequest.newBuilder().setName("vms/seen-1").setForce(true).build()));
        var resumed = watch(revision, filter);
        assertThat(next(resumed, WatchVmsResponse.Type.ADDED).getVm().getName()).isEqualTo("vms/seen-2");
        WatchVmsResponse gone = next(resumed, WatchVmsResponse.Type.DELETED);
        assertThat(gone.getVm().getName()).isEqualTo("vms/seen-1");
        assertThat(next(resumed, WatchVmsResponse.Type.SYNCED).getRevision()).isNotEqualTo(revision);
        resumed.cancel("seen enough", null);
    }

    @Test
    void watchGoesOnFromAList() throws Exception {
        String revision = cloud.vms().listVms(ListVmsRequest.getDefaultInstance()).getRevision();
        cloud.running("listed-1");
        var watch = watch(revision, "");
        assertThat(next(watch, WatchVmsResponse.Type.ADDED).getVm().getName()).isEqualTo("vms/listed-1");
        watch.cancel("seen enough", null);
    }

    @Test
    void vmThatStopsMatchingIsToldAsDeletedWithItsNewState() throws Exception {
        cloud.running("match-1");
        var watch = watch("", "state = RUNNING AND name : \"match-\"");
        next(watch, WatchVmsResponse.Type.SYNCED);
        host.end("match-1", Exit.Cause.GUEST_PANICKED, "pvpanic");
        WatchVmsResponse left = next(watch, WatchVmsResponse.Type.DELETED);
        assertThat(left.getVm().getState()).isEqualTo(VmState.VM_STATE_FAILED);
        watch.cancel("seen enough", null);
    }

    @Test
    void revisionOfAnotherProcessOrOfTheFutureIsTooOld() throws Exception {
        String revision = cloud.vms().listVms(ListVmsRequest.getDefaultInstance()).getRevision();
        String incarnation = revision.substring(0, revision.indexOf(':'));
        for (String other : new String[] {"0123456789abcdef:1", incarnation + ":999999", "nonsense"}) {
            Refusals refusal = Refusals.of(() -> watch(other, "").read());
            assertThat(refusal.code()).isEqualTo(Status.Code.OUT_OF_RANGE);
            assertThat(refusal.reason()).isEqualTo("REVISION_TOO_OLD");
        }
    }
}
