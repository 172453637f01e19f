package io.drover.controller.vm;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.problem.Problem;
import io.drover.controller.record.Desired;
import io.drover.controller.record.HostId;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Placement;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.record.VmSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What requests make of VMs in each of their states. */
final class VmIntentsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final Duration GRACE = Duration.ofSeconds(30);
    private static final Vm PENDING = Vm.created(new VmId("web-1"), "uid-1",
            new VmSpec(1, 64L << 20, new ImageId("debian"), "", "", Map.of(), List.of()), new Desired.Running(), NOW);
    private static final Vm STARTING = PENDING
            .placed(new Placement(Optional.of(new HostId("h1")), "qemu", 1, 1, 1, Map.of(), "", NOW), NOW);
    private static final Vm RUNNING = STARTING.in(Phase.RUNNING, "", NOW);
    private static final Vm FAILED = RUNNING.ended(new RunEnd(RunEnd.Cause.GUEST_PANICKED, "", NOW), 0, Phase.FAILED,
            NOW);
    private static final Vm STOPPING = RUNNING.askedToStop(new Desired.Stopped(GRACE)).in(Phase.STOPPING, "", NOW);
    private static final Vm STOPPED = STOPPING.ended(new RunEnd(RunEnd.Cause.STOPPED, "", NOW), 0, Phase.STOPPED, NOW);
    private static final Vm DELETING = RUNNING.askedToGo(NOW);

    private static String reason(Plan plan) {
        return ((Problem.NotNow) ((Plan.Refuse) plan).problem()).reason();
    }

    private static Vm changed(Plan plan) {
        return ((Plan.Change) plan).next();
    }

    @Test
    void start() {
        assertThat(VmIntents.start(PENDING, NOW)).isInstanceOf(Plan.Join.class);
        assertThat(VmIntents.start(STARTING, NOW)).isInstanceOf(Plan.Join.class);
        assertThat(VmIntents.start(RUNNING, NOW)).isInstanceOf(Plan.Settled.class);
        assertThat(changed(VmIntents.start(FAILED, NOW)).phase()).isEqualTo(Phase.PENDING);
        assertThat(changed(VmIntents.start(STOPPED, NOW)).generation()).isEqualTo(STOPPED.generation() + 1);
        assertThat(changed(VmIntents.start(STOPPING, NOW)).owner()).as("until that run has ended")
                .isEqualTo(STOPPING.owner());
        assertThat(reason(VmIntents.start(DELETING, NOW))).isEqualTo("VM_DELETING");
    }

    @Test
    void stop() {
        for (Vm vm : List.of(PENDING, STARTING, RUNNING, FAILED)) {
            assertThat(changed(VmIntents.stop(vm, GRACE)).desired()).isEqualTo(new Desired.Stopped(GRACE));
        }
        assertThat(VmIntents.stop(STOPPED, GRACE)).isInstanceOf(Plan.Settled.class);
        assertThat(VmIntents.stop(STOPPING, GRACE)).isInstanceOf(Plan.Join.class);
        assertThat(VmIntents.stop(STOPPING, GRACE.plusSeconds(1))).as("a stop is made no less urgent")
                .isInstanceOf(Plan.Join.class);
        assertThat(changed(VmIntents.stop(STOPPING, Duration.ZERO)).desired())
                .isEqualTo(new Desired.Stopped(Duration.ZERO));
        assertThat(reason(VmIntents.stop(DELETING, GRACE))).isEqualTo("VM_DELETING");
    }

    @Test
    void delete() {
        for (Vm vm : List.of(STARTING, RUNNING, STOPPING)) {
            assertThat(reason(VmIntents.delete(vm, false, NOW))).isEqualTo("VM_RUNNING");
            assertThat(changed(VmIntents.delete(vm, true, NOW)).desired()).isEqualTo(new Desired.Deleted());
        }
        for (Vm vm : List.of(PENDING, FAILED, STOPPED)) {
            assertThat(changed(VmIntents.delete(vm, false, NOW)).phase()).isEqualTo(Phase.DELETING);
        }
        assertThat(VmIntents.delete(DELETING, false, NOW)).isInstanceOf(Plan.Join.class);
    }

    @Test
    void cancel() {
        for (Vm vm : List.of(PENDING, STARTING, RUNNING)) {
            assertThat(changed(VmIntents.cancel(task("StartVm", vm), vm)).desired())
                    .isEqualTo(new Desired.Stopped(Duration.ZERO));
        }
        assertThat(reason(VmIntents.cancel(task("StopVm", STOPPING), STOPPING))).isEqualTo("TASK_NOT_CANCELLABLE");
        assertThat(reason(VmIntents.cancel(task("DeleteVm", DELETING), DELETING))).isEqualTo("TASK_NOT_CANCELLABLE");
        assertThat(reason(VmIntents.cancel(task("StartVm", PENDING), STOPPING))).as("superseded already")
                .isEqualTo("TASK_NOT_CANCELLABLE");
    }

    private static Task task(String method, Vm vm) {
        return new Task(new TaskId("t-1"), method, vm.id(), vm.uid(), vm.generation(), "", Sha256.of(new byte[0]),
                new Task.State.Running(), NOW, false);
    }
}
