package io.drover.agent.holding;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.proto.state.v1.VmRecord;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.migration.Change;
import io.drover.scheduler.migration.Hold;
import io.drover.scheduler.migration.HoldEvent;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import org.junit.jupiter.api.Test;

final class HoldCodecTest {
    private static final HostId SOURCE = new HostId("source");
    private static final HostId DESTINATION = new HostId("destination");
    private static final Move MOVE = new Move("m-1", SOURCE, DESTINATION, 7, MoveOptions.AUTO, 0);
    private static final VmRecord RUNS = VmRecord.newBuilder().setVm("vm-1").setUid("u1").setLastEpoch(7)
            .setOwner(VmRecord.Owner.newBuilder().setHost("source").setEpoch(7)).setDisksHost("source").build();

    private static VmRecord after(VmRecord record, HoldEvent event) {
        Hold next = ((Change.To) HoldCodec.decode(record).after(event)).next();
        VmRecord written = HoldCodec.encode(record, next);
        assertThat(HoldCodec.decode(written)).isEqualTo(next);
        return written;
    }

    private static VmRecord switching() {
        VmRecord preparing = after(RUNS, new HoldEvent.Begin(MOVE));
        assertThat(preparing.getFormat()).isEqualTo(10);
        return after(after(preparing, new HoldEvent.Listen("m-1", "10.0.0.2:7000")), new HoldEvent.Switch("m-1"));
    }

    @Test
    void disksAreWhereTheGuestIsFromTheSameWriteOn() {
        assertThat(switching().getDisksHost()).isEqualTo("source");
        VmRecord committed = after(switching(), new HoldEvent.Commit("m-1"));
        assertThat(committed.getDisksHost()).isEqualTo("destination");
        assertThat(committed.getOwner().getHost()).isEqualTo("destination");
        assertThat(committed.getFormat()).isEqualTo(1);
    }

    @Test
    void disksOfAGuestThatStaysStay() {
        assertThat(after(switching(), new HoldEvent.Abort("m-1", "cut")).getDisksHost()).isEqualTo("source");
        assertThat(after(switching(), new HoldEvent.Abandon("m-1", "cut")).getDisksHost()).isEqualTo("source");
    }

    @Test
    void aVmWithoutDisksHasNoneAfterItHasMoved() {
        VmRecord diskless = switching().toBuilder().clearDisksHost().build();
        assertThat(after(diskless, new HoldEvent.Commit("m-1")).getDisksHost()).isEmpty();
    }
}
