package io.drover.scheduler.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.drover.scheduler.capacity.Demand;
import io.drover.scheduler.capacity.Dimension;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.capacity.Reserved;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import io.drover.scheduler.placement.History.Event;
import io.drover.scheduler.placement.Placement.Placed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What holds whatever happened to the cluster before. */
final class ClusterPropertyTest {
    @Provide
    Arbitrary<List<Event>> histories() {
        return History.histories();
    }

    @Provide
    Arbitrary<Request> requests() {
        return History.requests();
    }

    @Property
    void aReservationNeverExceedsTheCapacity(@ForAll("histories") List<Event> history) {
        Cluster cluster = new Cluster();
        for (Event event : history) {
            if (event instanceof Event.Reserve reserve) {
                Reserved before = cluster.reserved(reserve.host());
                History.apply(event, cluster);
                Reserved after = cluster.reserved(reserve.host());
                if (!after.equals(before)) {
                    HostCapacity capacity = cluster.host(reserve.host()).orElseThrow().capacity();
                    Demand more = reserve.demand();
                    for (Dimension dimension : List.of(more.cpuDimension(), more.memoryDimension())) {
                        assertThat(after.of(dimension)).isLessThanOrEqualTo(capacity.of(dimension));
                    }
                }
            } else {
                History.apply(event, cluster);
            }
        }
    }

    @Property
    void theLedgerIsTheSumOfWhatItsVmsHold(@ForAll("histories") List<Event> history) {
        Cluster cluster = new Cluster();
        NaiveCluster naive = new NaiveCluster();
        for (Event event : history) {
            History.apply(event, cluster);
            History.apply(event, naive);
            for (int n = 1; n <= 6; n++) {
                HostId host = new HostId("h" + n);
                Reserved reserved = cluster.reserved(host);
                assertThat(reserved.vms()).isEqualTo(naive.vms(host));
                for (Dimension dimension : Dimension.values()) {
                    assertThat(reserved.of(dimension)).isEqualTo(naive.reserved(host, dimension));
                }
            }
            for (int n = 1; n <= 12; n++) {
                VmUid vm = new VmUid("vm" + n);
                assertThat(cluster.reservation(vm).orElse(null)).isEqualTo(naive.held().get(vm));
            }
        }
    }

    @Property
    void thePlacementIsAsGoodAndAsWellExplainedAsTheNaiveOne(@ForAll("histories") List<Event> history,
            @ForAll("requests") Request request, @ForAll Policy policy) {
        Cluster cluster = new Cluster();
        NaiveCluster naive = new NaiveCluster();
        for (Event event : history) {
            History.apply(event, cluster);
            History.apply(event, naive);
            // Asked after every event, so that the class of the request is kept up to date rather than made at the
            // end.
            Placement placement = cluster.place(request, policy);
            Placement expected = naive.place(request, policy);
            assertThat(placement.counts()).isEqualTo(expected.counts());
            assertThat(placement.counts().considered()).isEqualTo(cluster.hosts());
            if (expected instanceof Placed best) {
                assertThat(placement).isInstanceOf(Placed.class);
                Placed placed = (Placed) placement;
                assertThat(naive.rejection(naive.facts().get(placed.host()), request)).isEmpty();
                assertThat(placed.driver()).isEqualTo(best.driver());
                assertThat(placed.score().total()).isCloseTo(best.score().total(), within(1e-9));
            } else {
                assertThat(placement).isEqualTo(expected);
            }
        }
    }

    @Property
    void aHostAcceptsExactlyWhenItIsFeasible(@ForAll("histories") List<Event> history,
            @ForAll("requests") Request request) {
        Cluster cluster = new Cluster();
        History.apply(history, cluster);

        int accepting = 0;
        for (int n = 1; n <= 6; n++) {
            accepting += cluster.accepts(new HostId("h" + n), request) ? 1 : 0;
        }

        assertThat(cluster.place(request, Policy.PACK).counts().feasible()).isEqualTo(accepting);
    }

    @Property
    void whatIsPlacedCanBeReserved(@ForAll("histories") List<Event> history, @ForAll("requests") Request request,
            @ForAll Policy policy) {
        Cluster cluster = new Cluster();
        History.apply(history, cluster);

        if (cluster.place(request, policy) instanceof Placed placed) {
            VmUid vm = new VmUid("new");
            assertThat(cluster.reserve(vm, placed.host(), request.demand()))
                    .isEqualTo(new Reservation.Held(placed.host(), request.demand()))
                    .isEqualTo(cluster.reserve(vm, placed.host(), request.demand()));
        }
    }

    @Property
    void thePlanDependsOnTheStateAndNotOnTheWayThere(@ForAll("histories") List<Event> history,
            @ForAll("requests") Request request, @ForAll Policy policy, @ForAll Random random) {
        Cluster cluster = new Cluster();
        NaiveCluster state = new NaiveCluster();
        history.forEach(event -> {
            History.apply(event, cluster);
            History.apply(event, state);
        });

        Cluster rebuilt = rebuilt(state, random);

        assertThat(rebuilt.place(request, policy)).isEqualTo(cluster.place(request, policy))
                .isEqualTo(cluster.place(request, policy));
    }

    private static Cluster rebuilt(NaiveCluster state, Random random) {
        Cluster cluster = new Cluster();
        List<HostFacts> hosts = new ArrayList<>(state.facts().values());
        Collections.shuffle(hosts, random);
        hosts.forEach(host -> {
            cluster.put(host);
            cluster.addFiles(host.id(), state.files(host.id()));
        });
        List<Map.Entry<VmUid, Reservation.Held>> held = new ArrayList<>(state.held().entrySet());
        Collections.shuffle(held, random);
        held.forEach(each -> cluster.restore(each.getKey(), each.getValue().host(), each.getValue().demand()));
        return cluster;
    }
}
