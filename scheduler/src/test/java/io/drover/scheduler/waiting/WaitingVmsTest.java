package io.drover.scheduler.waiting;

import static io.drover.scheduler.placement.Hosts.GIB;
import static io.drover.scheduler.placement.Hosts.host;
import static org.assertj.core.api.Assertions.assertThat;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.placement.Cluster;
import io.drover.scheduler.placement.Constraints;
import io.drover.scheduler.placement.Hosts;
import io.drover.scheduler.placement.Placement.Placed;
import io.drover.scheduler.placement.Policy;
import io.drover.scheduler.placement.Request;
import io.drover.scheduler.placement.Reservation;
import io.drover.scheduler.placement.VmUid;
import io.drover.scheduler.waiting.WaitingVms.Waiting;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class WaitingVmsTest {
    private static final HostId H1 = new HostId("h1");
    private static final VmUid BIG = new VmUid("big");
    private static final VmUid SMALL = new VmUid("small");
    private static final Request TWO_GIB = Request.of(new Demand(1, 2 * GIB));
    private static final Request ONE_GIB = Request.of(new Demand(1, GIB));

    private final Cluster cluster = new Cluster();
    private final WaitingVms waiting = new WaitingVms(cluster);

    private List<VmUid> woken() {
        return wakeAndPlace(waiting, cluster);
    }

    /** As the owner does it. Fails when a VM is woken that has no place. */
    static List<VmUid> wakeAndPlace(WaitingVms waiting, Cluster cluster) {
        List<VmUid> woken = new ArrayList<>();
        for (Optional<Waiting> next = waiting.next(); next.isPresent(); next = waiting.next()) {
            VmUid vm = next.get().vm();
            Demand demand = next.get().request().demand();
            Placed placed = (Placed) cluster.place(next.get().request(), Policy.PACK);
            assertThat(cluster.reserve(vm, placed.host(), demand)).isInstanceOf(Reservation.Held.class);
            woken.add(vm);
        }
        return woken;
    }

    @Test
    void nothingWakesWithoutAChange() {
        cluster.put(host("h1", 8, 8 * GIB));
        waiting.add(BIG, TWO_GIB);

        assertThat(waiting.next()).isEmpty();
        assertThat(waiting.contains(BIG)).isTrue();
    }

    @Test
    void onlyWhatTheChangedHostCanTakeWakes() {
        waiting.add(BIG, TWO_GIB);
        waiting.add(SMALL, ONE_GIB);
        cluster.put(host("h1", 8, 3 * GIB / 2));
        waiting.hostChanged(H1);

        assertThat(woken()).containsExactly(SMALL);
        assertThat(waiting.size()).isEqualTo(1);
    }

    @Test
    void theOneThatWaitedLongestGoesFirstAndTheRoomItTakesIsGone() {
        waiting.add(BIG, TWO_GIB);
        waiting.add(SMALL, ONE_GIB);
        cluster.put(host("h1", 8, 2 * GIB));
        waiting.hostChanged(H1);

        assertThat(woken()).containsExactly(BIG);
        cluster.release(BIG).ifPresent(held -> waiting.hostChanged(held.host()));
        assertThat(woken()).containsExactly(SMALL);
        assertThat(waiting.size()).isZero();
    }

    @Test
    void aHostThatRefusedAVmDoesNotWakeIt() {
        waiting.add(BIG, ONE_GIB.withRefused(Map.of(H1, "its disk is full")));
        waiting.add(SMALL, ONE_GIB);
        cluster.put(host("h1", 8, 8 * GIB));
        waiting.hostChanged(H1);

        assertThat(woken()).containsExactly(SMALL);
        assertThat(waiting.contains(BIG)).isTrue();
    }

    @Test
    void aChangeOfFactsWakesWhatItAdmits() {
        cluster.put(host("h1", 8, 8 * GIB));
        waiting.add(BIG, TWO_GIB.withConstraints(Constraints.NONE.withLabels(Map.of("zone", "a"))));
        waiting.add(SMALL, ONE_GIB.withConstraints(Constraints.NONE.withLabels(Map.of("zone", "b"))));
        cluster.put(Hosts.labels(host("h1", 8, 8 * GIB), Map.of("zone", "a")));
        waiting.hostChanged(H1);

        assertThat(woken()).containsExactly(BIG);
    }

    @Test
    void aVmThatIsAddedAgainAfterItWokeWaitsForTheNextChange() {
        waiting.add(BIG, TWO_GIB);
        cluster.put(host("h1", 8, 8 * GIB));
        waiting.hostChanged(H1);
        assertThat(waiting.next()).contains(new Waiting(BIG, TWO_GIB));

        waiting.add(BIG, TWO_GIB);

        assertThat(waiting.next()).isEmpty();
        waiting.hostChanged(H1);
        assertThat(waiting.next()).contains(new Waiting(BIG, TWO_GIB));
    }

    @Test
    void aVmKeepsItsTurnWhileItAsksForTheSame() {
        waiting.add(BIG, TWO_GIB);
        waiting.add(SMALL, TWO_GIB);
        Request now = TWO_GIB.withRefused(Map.of(new HostId("h2"), "its disk is full"));
        waiting.add(BIG, now);
        assertThat(waiting.request(BIG)).contains(now);
        cluster.put(host("h1", 8, 2 * GIB));
        waiting.hostChanged(H1);

        assertThat(woken()).containsExactly(BIG);
    }

    @Test
    void aVmThatIsRemovedDoesNotWake() {
        waiting.add(BIG, TWO_GIB);
        assertThat(waiting.remove(BIG)).isTrue();
        assertThat(waiting.remove(BIG)).isFalse();
        assertThat(waiting.request(BIG)).isEmpty();
        cluster.put(host("h1", 8, 8 * GIB));
        waiting.hostChanged(H1);

        assertThat(waiting.next()).isEmpty();
    }
}
