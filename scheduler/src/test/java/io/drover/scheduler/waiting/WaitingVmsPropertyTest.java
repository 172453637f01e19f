package io.drover.scheduler.waiting;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.scheduler.host.HostId;
import io.drover.scheduler.placement.Cluster;
import io.drover.scheduler.placement.History;
import io.drover.scheduler.placement.History.Event;
import io.drover.scheduler.placement.Policy;
import io.drover.scheduler.placement.Request;
import io.drover.scheduler.placement.Reservation;
import io.drover.scheduler.placement.VmUid;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What holds of waiting VMs whatever happens to the cluster. */
final class WaitingVmsPropertyTest {
    @Provide
    Arbitrary<List<Event>> histories() {
        return History.histories();
    }

    @Provide
    Arbitrary<List<Request>> requestLists() {
        return History.requests().list().ofMinSize(1).ofMaxSize(20);
    }

    /** No wake-up is lost, and none is for nothing: each is placed. */
    @Property
    void afterTheWokenArePlacedNoneThatWaitsHasAPlace(@ForAll("histories") List<Event> history,
            @ForAll("requestLists") List<Request> requests) {
        Cluster cluster = new Cluster();
        WaitingVms waiting = new WaitingVms(cluster);
        for (int n = 0; n < requests.size(); n++) {
            waiting.add(new VmUid("waiting" + n), requests.get(n));
        }
        for (Event event : history) {
            Optional<HostId> changed = switch (event) {
                case Event.PutHost put -> Optional.of(put.facts().id());
                case Event.Release release -> cluster.reservation(release.vm()).map(Reservation.Held::host);
                case Event.Restore restore -> cluster.reservation(restore.vm()).map(Reservation.Held::host);
                case Event.RemoveHost remove -> Optional.empty();
                case Event.AddFiles add -> Optional.empty();
                case Event.SetFiles set -> Optional.empty();
                case Event.Reserve reserve -> Optional.empty();
            };
            History.apply(event, cluster);
            changed.ifPresent(waiting::hostChanged);
            WaitingVmsTest.wakeAndPlace(waiting, cluster);
            for (int n = 0; n < requests.size(); n++) {
                if (waiting.contains(new VmUid("waiting" + n))) {
                    assertThat(cluster.place(requests.get(n), Policy.PACK).counts().feasible()).isZero();
                }
            }
        }
    }
}
