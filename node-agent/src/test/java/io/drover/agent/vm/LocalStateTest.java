package io.drover.agent.vm;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.agent.driver.MachineEnd;
import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.vm.VmExit.Cause;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The whole table of states and events. */
final class LocalStateTest {
    private static final Instant BEGIN = Instant.ofEpochSecond(1_000);
    private static final Instant NOW = BEGIN.plusSeconds(10);
    private static final Instant DEADLINE = BEGIN.plusSeconds(30);
    private static final ProcessIdentity PROCESS = new ProcessIdentity(7, 70);
    private static final ProcessIdentity OTHER = new ProcessIdentity(8, 80);

    private static final LocalState STARTING = new LocalState.Starting(BEGIN);
    private static final LocalState RUNNING = new LocalState.Running(BEGIN, PROCESS);
    private static final LocalState SUSPENDING = new LocalState.Suspending(BEGIN, PROCESS, "op-1");
    private static final LocalState STOPPING = new LocalState.Stopping(BEGIN, PROCESS, DEADLINE);
    private static final LocalState FORCED = new LocalState.Stopping(BEGIN, PROCESS, BEGIN);
    private static final LocalState ENDED = new LocalState.Ended(new VmExit(Cause.STOPPED, "", BEGIN));

    private static final LocalEvent RUNS = new LocalEvent.Runs(PROCESS);
    private static final LocalEvent CANNOT_START = new LocalEvent.CannotStart("no");
    private static final LocalEvent HOST_CANNOT = new LocalEvent.HostCannotStart("no memory");
    private static final LocalEvent CANNOT_GO_ON = new LocalEvent.CannotGoOn("another machine");
    private static final LocalEvent SUSPEND = new LocalEvent.SuspendAsked("op-1");
    private static final LocalEvent NOT_SAVED = new LocalEvent.NotSaved();
    private static final LocalEvent SAVED = new LocalEvent.Saved();
    private static final LocalEvent STOP = new LocalEvent.StopAsked(DEADLINE);
    private static final LocalEvent STOP_NOW = new LocalEvent.StopAsked(NOW);
    private static final LocalEvent OFF = new LocalEvent.MachineEnded(new MachineEnd.PoweredOff());
    private static final LocalEvent REBOOT = new LocalEvent.MachineEnded(new MachineEnd.Rebooted());
    private static final LocalEvent PANIC = new LocalEvent.MachineEnded(new MachineEnd.Panicked("oops"));
    private static final LocalEvent KILLED = new LocalEvent.MachineEnded(new MachineEnd.Killed());
    private static final LocalEvent FAILED = new LocalEvent.MachineEnded(new MachineEnd.Failed("SIGSEGV"));
    private static final LocalEvent NEVER_RAN = new LocalEvent.MachineEnded(new MachineEnd.NeverRan("no kernel"));
    private static final LocalEvent HOST_FAILED = new LocalEvent.MachineEnded(new MachineEnd.HostFailed("no memory"));

    record Row(LocalState from, LocalEvent event, LocalState to) {}

    static List<Row> table() {
        return List.of(new Row(STARTING, RUNS, new LocalState.Running(NOW, PROCESS)),
                new Row(STARTING, CANNOT_START, ended(Cause.START_FAILED, "no")),
                new Row(STARTING, HOST_CANNOT, ended(Cause.HOST_FAILED, "no memory")),
                new Row(STARTING, STOP, ended(Cause.KILLED, "stopped before the guest ran")),
                new Row(STARTING, OFF, ended(Cause.GUEST_POWERED_OFF, "the guest powered itself off")),
                new Row(STARTING, REBOOT, STARTING),
                new Row(STARTING, PANIC, ended(Cause.GUEST_PANICKED, "oops")),
                new Row(STARTING, KILLED, ended(Cause.KILLED, "killed")),
                new Row(STARTING, FAILED, ended(Cause.VMM_FAILED, "SIGSEGV")),
                new Row(STARTING, NEVER_RAN, ended(Cause.START_FAILED, "no kernel")),
                new Row(STARTING, HOST_FAILED, ended(Cause.HOST_FAILED, "no memory")),
                new Row(STARTING, CANNOT_GO_ON, ended(Cause.SUSPENDED, "another machine")),
                new Row(STARTING, SUSPEND, STARTING), new Row(STARTING, NOT_SAVED, STARTING),
                new Row(STARTING, SAVED, STARTING),

                new Row(RUNNING, RUNS, RUNNING),
                new Row(RUNNING, new LocalEvent.Runs(OTHER), new LocalState.Running(BEGIN, OTHER)),
                new Row(RUNNING, CANNOT_START, RUNNING),
                new Row(RUNNING, STOP, new LocalState.Stopping(NOW, PROCESS, DEADLINE)),
                new Row(RUNNING, OFF, ended(Cause.GUEST_POWERED_OFF, "the guest powered itself off")),
                new Row(RUNNING, REBOOT, new LocalState.Starting(NOW)),
                new Row(RUNNING, PANIC, ended(Cause.GUEST_PANICKED, "oops")),
                new Row(RUNNING, KILLED, ended(Cause.KILLED, "killed")),
                new Row(RUNNING, FAILED, ended(Cause.VMM_FAILED, "SIGSEGV")),
                new Row(RUNNING, HOST_CANNOT, RUNNING),
                new Row(RUNNING, NEVER_RAN, ended(Cause.START_FAILED, "no kernel")),
                new Row(RUNNING, HOST_FAILED, ended(Cause.HOST_FAILED, "no memory")),

                new Row(RUNNING, CANNOT_GO_ON, RUNNING), new Row(RUNNING, SUSPEND, SUSPENDING),
                new Row(RUNNING, NOT_SAVED, RUNNING), new Row(RUNNING, SAVED, RUNNING),

                new Row(SUSPENDING, RUNS, SUSPENDING),
                new Row(SUSPENDING, new LocalEvent.Runs(OTHER), new LocalState.Suspending(BEGIN, OTHER, "op-1")),
                new Row(SUSPENDING, CANNOT_START, SUSPENDING), new Row(SUSPENDING, CANNOT_GO_ON, SUSPENDING),
                new Row(SUSPENDING, HOST_CANNOT, SUSPENDING), new Row(SUSPENDING, SUSPEND, SUSPENDING),
                new Row(SUSPENDING, new LocalEvent.SuspendAsked("op-2"), SUSPENDING),
                new Row(SUSPENDING, NOT_SAVED, RUNNING),
                new Row(SUSPENDING, SAVED, ended(Cause.SUSPENDED, "saved to the host's disk")),
                new Row(SUSPENDING, STOP, new LocalState.Stopping(NOW, PROCESS, DEADLINE)),
                new Row(SUSPENDING, OFF, ended(Cause.GUEST_POWERED_OFF, "the guest powered itself off")),
                new Row(SUSPENDING, REBOOT, new LocalState.Starting(NOW)),
                new Row(SUSPENDING, PANIC, ended(Cause.GUEST_PANICKED, "oops")),
                new Row(SUSPENDING, KILLED, ended(Cause.KILLED, "killed")),
                new Row(SUSPENDING, FAILED, ended(Cause.VMM_FAILED, "SIGSEGV")),
                new Row(SUSPENDING, NEVER_RAN, ended(Cause.START_FAILED, "no kernel")),
                new Row(SUSPENDING, HOST_FAILED, ended(Cause.HOST_FAILED, "no memory")),

                new Row(STOPPING, CANNOT_GO_ON, STOPPING), new Row(STOPPING, SUSPEND, STOPPING),
                new Row(STOPPING, NOT_SAVED, STOPPING), new Row(STOPPING, SAVED, STOPPING),
                new Row(STOPPING, RUNS, STOPPING),
                new Row(STOPPING, new LocalEvent.Runs(OTHER), new LocalState.Stopping(BEGIN, OTHER, DEADLINE)),
                new Row(STOPPING, CANNOT_START, STOPPING), new Row(STOPPING, STOP, STOPPING),
                new Row(STOPPING, STOP_NOW, new LocalState.Stopping(BEGIN, PROCESS, NOW)),
                new Row(FORCED, STOP, FORCED),
                new Row(STOPPING, OFF, ended(Cause.STOPPED, "the guest shut down when asked")),
                new Row(STOPPING, REBOOT, ended(Cause.STOPPED, "the guest rebooted while it was being stopped")),
                new Row(STOPPING, PANIC, ended(Cause.GUEST_PANICKED, "oops")),
                new Row(STOPPING, KILLED, ended(Cause.KILLED, "the guest did not shut down within 30 s")),
                new Row(FORCED, KILLED, ended(Cause.KILLED, "stopped by force")),
                new Row(STOPPING, FAILED, ended(Cause.VMM_FAILED, "SIGSEGV")),
                new Row(STOPPING, HOST_CANNOT, STOPPING),
                new Row(STOPPING, NEVER_RAN, ended(Cause.START_FAILED, "no kernel")),
                new Row(STOPPING, HOST_FAILED, ended(Cause.HOST_FAILED, "no memory")));
    }

    private static LocalState ended(Cause cause, String message) {
        return new LocalState.Ended(new VmExit(cause, message, NOW));
    }

    @ParameterizedTest
    @MethodSource("table")
    void eachEventLeadsWhereTheTableSays(Row row) {
        assertThat(row.from().after(row.event(), NOW)).isEqualTo(row.to());
    }

    @Test
    void nothingLeadsOutOfTheEnd() {
        for (LocalEvent event : List.of(RUNS, CANNOT_START, HOST_CANNOT, STOP, STOP_NOW, OFF, REBOOT, PANIC, KILLED,
                FAILED,
                NEVER_RAN, HOST_FAILED, CANNOT_GO_ON, SUSPEND, NOT_SAVED, SAVED)) {
            assertThat(ENDED.after(event, NOW)).isEqualTo(ENDED);
        }
    }
}
