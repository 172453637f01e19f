package io.drover.agent.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.ProcessIdentity;
import io.drover.proto.agent.v1.LocalVm;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.vmm.client.VmmCpuidEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LocalRecordTest {
    private static final StartVmRequest START = StartVmRequest.newBuilder().setVm("web-1").setUid("u1").setEpoch(3)
            .build();
    private static final Instant TIME = Instant.ofEpochMilli(1_700_000_000_123L);
    private static final ProcessIdentity PROCESS = new ProcessIdentity(42, 4242);

    @TempDir
    Path temp;

    @Test
    void everyStateIsReadAsItWasWritten() throws Exception {
        VmFolder folder = new VmFolder(temp.resolve("u1"));
        folder.create();
        assertThat(LocalRecord.read(folder)).isEmpty();
        for (LocalState state : List.of(new LocalState.Starting(TIME), new LocalState.Running(TIME, PROCESS),
                new LocalState.Suspending(TIME, PROCESS, "op-1"),
                new LocalState.Ended(new VmExit(VmExit.Cause.SUSPENDED, "saved", TIME)),
                new LocalState.Stopping(TIME, PROCESS, TIME.plusSeconds(5)),
                new LocalState.Ended(new VmExit(VmExit.Cause.GUEST_PANICKED, "oops", TIME)))) {
            LocalRecord record = new LocalRecord(START, state, 2);
            record.write(folder);

            assertThat(LocalRecord.read(folder)).contains(record);
        }
    }

    @Test
    void recordOfANewerAgentIsRefused() throws Exception {
        VmFolder folder = new VmFolder(temp.resolve("u1"));
        folder.create();
        Files.write(folder.state(), LocalVm.newBuilder().setFormat(1000).build().toByteArray());

        assertThatThrownBy(() -> LocalRecord.read(folder)).isInstanceOf(IOException.class)
                .hasMessageContaining("format : 1000");
    }

    @Test
    void agentsThatKnowNothingOfHandOffsMayNotReadWhatIsInOne() throws Exception {
        VmFolder folder = new VmFolder(temp.resolve("leaving"));
        folder.create();
        LocalRecord record = new LocalRecord(START, new LocalState.Running(TIME, PROCESS), 2);
        record.leavingBy(Optional.of("m1")).write(folder);

        assertThat(LocalRecord.read(folder).orElseThrow().leavingBy()).contains("m1");
        assertThat(LocalVm.parseFrom(Files.readAllBytes(folder.state())).getFormat()).isEqualTo(12);
        record.write(folder);
        assertThat(LocalVm.parseFrom(Files.readAllBytes(folder.state())).getFormat()).isLessThan(12);
    }

    @Test
    void agentsThatSaveNoGuestsMayNotReadWhatIsBeingSavedOrIs() throws Exception {
        VmFolder folder = new VmFolder(temp.resolve("suspended"));
        folder.create();
        for (LocalState state : List.of(new LocalState.Suspending(TIME, PROCESS, "op-1"),
                new LocalState.Ended(new VmExit(VmExit.Cause.SUSPENDED, "saved", TIME)))) {
            new LocalRecord(START, state, 0).write(folder);
            assertThat(LocalVm.parseFrom(Files.readAllBytes(folder.state())).getFormat()).isEqualTo(13);
        }
        LocalRecord goingOn = new LocalRecord(START.toBuilder().setSavedEpoch(2).build(),
                new LocalState.Running(TIME, PROCESS), 0);
        goingOn.write(folder);
        assertThat(LocalVm.parseFrom(Files.readAllBytes(folder.state())).getFormat()).isEqualTo(13);
        assertThat(goingOn.wentOn().start()).isEqualTo(START);
    }

    @Test
    void runGoesOnUnderTheEpochThatAHandOffGaveIt() {
        LocalRecord record = new LocalRecord(START, new LocalState.Running(TIME, PROCESS), 2);

        assertThat(record.withEpoch(7).start()).isEqualTo(START.toBuilder().setEpoch(7).build());
        assertThat(record.withEpoch(7).withEpoch(START.getEpoch())).isEqualTo(record);
    }

    @Test
    void damagedRecordIsRefused() throws Exception {
        VmFolder folder = new VmFolder(temp.resolve("u1"));
        folder.create();
        Files.write(folder.state(), new byte[] {1, 2, 3, (byte) 0xFF});

        assertThatThrownBy(() -> LocalRecord.read(folder)).isInstanceOf(IOException.class)
                .hasMessageContaining("local.pb");
    }

    @Test
    void whatARunWasGivenIsKept() throws IOException {
        VmFolder folder = new VmFolder(temp.resolve("given"));
        folder.create();
        LocalRecord record = new LocalRecord(START, new LocalState.Starting(Instant.ofEpochMilli(1)), 0)
                .withGiven(new LocalRecord.Given(List.of(4, 2), List.of(new VmmCpuidEntry(7, 1, 1, -2, 3, 4, 5))));
        record.write(folder);
        assertThat(LocalRecord.read(folder)).contains(record);
        assertThat(record.withReboots(3).given()).isEqualTo(record.given());
    }
}
