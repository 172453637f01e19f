package io.drover.scheduler.placement;

import static io.drover.scheduler.placement.Hosts.GIB;
import static io.drover.scheduler.placement.Hosts.host;
import static org.assertj.core.api.Assertions.assertThat;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.Dimension;
import io.drover.scheduler.capacity.Fit;
import io.drover.scheduler.capacity.Reserved;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.placement.Cluster.Change;
import io.drover.scheduler.placement.Reservation.Held;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ReservationTest {
    private static final HostId H1 = new HostId("h1");
    private static final HostId H2 = new HostId("h2");
    private static final VmUid VM = new VmUid("vm");
    private static final Demand DEMAND = new Demand(2, GIB);

    private final Cluster cluster = new Cluster();

    ReservationTest() {
        cluster.put(host("h1", 4, 2 * GIB));
        cluster.put(host("h2", 4, 2 * GIB));
    }

    @Test
    void reservingAgainChangesNothing() {
        assertThat(cluster.reserve(VM, H1, DEMAND)).isEqualTo(new Held(H1, DEMAND));
        assertThat(cluster.reserve(VM, H1, DEMAND)).isEqualTo(new Held(H1, DEMAND));

        assertThat(cluster.reserved(H1)).isEqualTo(new Reserved(1, 2, GIB));
        assertThat(cluster.reservation(VM)).contains(new Held(H1, DEMAND));
    }

    @Test
    void aVmHoldsOneReservationOnly() {
        cluster.reserve(VM, H1, DEMAND);

        assertThat(cluster.reserve(VM, H2, DEMAND)).isEqualTo(new Reservation.HeldOtherwise(H1, DEMAND));
        assertThat(cluster.reserve(VM, H1, new Demand(1, GIB))).isEqualTo(new Reservation.HeldOtherwise(H1, DEMAND));
        assertThat(cluster.reserved(H2)).isEqualTo(Reserved.NONE);
    }

    @Test
    void whatDoesNotFitIsNotReserved() {
        cluster.reserve(VM, H1, DEMAND);

        assertThat(cluster.reserve(new VmUid("other"), H1, new Demand(1, 2 * GIB)))
                .isEqualTo(new Reservation.DoesNotFit(H1, new Fit.Lacks(Dimension.MEMORY, GIB, 2 * GIB)));
        assertThat(cluster.reserved(H1)).isEqualTo(new Reserved(1, 2, GIB));
    }

    @Test
    void nothingIsReservedOnAHostThatIsNotThere() {
        assertThat(cluster.reserve(VM, new HostId("h9"), DEMAND))
                .isEqualTo(new Reservation.NoSuchHost(new HostId("h9")));
        assertThat(cluster.reservation(VM)).isEmpty();
    }

    @Test
    void releasingSaysWhichHostHasMoreRoomAndMayBeRepeated() {
        cluster.reserve(VM, H1, DEMAND);

        assertThat(cluster.release(VM)).contains(new Held(H1, DEMAND));
        assertThat(cluster.release(VM)).isEmpty();
        assertThat(cluster.reserved(H1)).isEqualTo(Reserved.NONE);
    }

    @Test
    void whatARecordSaysCountsEvenWhereItDoesNotFit() {
        cluster.reserve(VM, H1, DEMAND);

        cluster.restore(VM, H2, new Demand(8, GIB));

        assertThat(cluster.reserved(H1)).isEqualTo(Reserved.NONE);
        assertThat(cluster.reserved(H2)).isEqualTo(new Reserved(1, 8, GIB));
        assertThat(cluster.accepts(H2, Request.of(new Demand(1, GIB)))).isFalse();
    }

    @Test
    void whatAVmHoldsOutlivesItsHost() {
        cluster.restore(VM, new HostId("h3"), DEMAND);
        cluster.put(host("h3", 2, 4 * GIB));
        assertThat(cluster.accepts(new HostId("h3"), Request.of(new Demand(1, GIB)))).isFalse();

        assertThat(cluster.remove(new HostId("h3"))).isTrue();
        assertThat(cluster.remove(new HostId("h3"))).isFalse();
        assertThat(cluster.reserved(new HostId("h3"))).isEqualTo(new Reserved(1, 2, GIB));
        cluster.put(host("h3", 3, 4 * GIB));

        assertThat(cluster.accepts(new HostId("h3"), Request.of(new Demand(1, GIB)))).isTrue();
        assertThat(cluster.accepts(new HostId("h3"), Request.of(new Demand(2, GIB)))).isFalse();
    }

    @Test
    void puttingAHostSaysWhatChanged() {
        assertThat(cluster.put(host("h3", 4, GIB))).isEqualTo(Change.ADDED);
        assertThat(cluster.put(host("h3", 4, GIB))).isEqualTo(Change.UNCHANGED);
        assertThat(cluster.put(Hosts.cordoned(host("h3", 4, GIB)))).isEqualTo(Change.CHANGED);
        assertThat(cluster.hosts()).isEqualTo(3);
        assertThat(cluster.host(new HostId("h3"))).contains(Hosts.cordoned(host("h3", 4, GIB)));
    }

    @Test
    void filesOfAHostThatIsNotThereAreNotKept() {
        assertThat(cluster.addFiles(H1, Set.of("kernel"))).isTrue();
        assertThat(cluster.addFiles(new HostId("h9"), Set.of("kernel"))).isFalse();
        assertThat(cluster.setFiles(new HostId("h9"), Set.of("kernel"))).isFalse();
    }
}
