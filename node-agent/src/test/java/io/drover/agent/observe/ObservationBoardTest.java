package io.drover.agent.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.proto.agent.v1.ObserveResponse;
import io.drover.proto.agent.v1.VmObservation;
import io.drover.proto.agent.v1.VmObservation.State;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

final class ObservationBoardTest {
    private final ObservationBoard board = new ObservationBoard();

    private static VmObservation vm(String uid, State state) {
        return VmObservation.newBuilder().setUid(uid).setState(state).build();
    }

    @Test
    void firstMessageIsCompleteEvenWhenThereIsNothing() {
        ObservationBoard.Subscription subscription = board.subscribe(() -> {});

        assertThat(subscription.next()).contains(ObserveResponse.newBuilder().setComplete(true).build());
        assertThat(subscription.next()).isEmpty();
    }

    @Test
    void slowSubscriberGetsTheLastStateOfEachVmOnce() {
        ObservationBoard.Subscription subscription = board.subscribe(() -> {});
        subscription.next();
        board.observed(vm("a", State.STARTING));
        board.observed(vm("a", State.RUNNING));
        board.observed(vm("b", State.RUNNING));
        board.removed("b");

        ObserveResponse message = subscription.next().orElseThrow();
        assertThat(message.getVmsList()).containsExactly(vm("a", State.RUNNING));
        assertThat(message.getRemovedUidsList()).containsExactly("b");
        assertThat(subscription.next()).isEmpty();
    }

    @Property
    void whoeverAppliesTheMessagesKnowsWhatTheBoardKnows(
            @ForAll @Size(max = 60) List<@IntRange(min = 0, max = 29) Integer> steps) {
        ObservationBoard some = new ObservationBoard();
        ObservationBoard.Subscription subscription = some.subscribe(() -> {});
        Map<String, VmObservation> known = new HashMap<>();
        Map<String, VmObservation> truth = new HashMap<>();
        Set<String> files = new HashSet<>();
        for (int step : steps) {
            String uid = "vm" + step % 3;
            switch (step / 6) {
                case 0, 1 -> {
                    State state = State.forNumber(1 + step % 4);
                    some.observed(vm(uid, state));
                    truth.put(uid, vm(uid, state));
                }
                case 2 -> {
                    some.removed(uid);
                    truth.remove(uid);
                }
                case 3 -> {
                    some.stored("f" + step);
                    files.add("f" + step);
                }
                default -> subscription.next().ifPresent(message -> apply(message, known));
            }
        }
        Optional<ObserveResponse> rest = subscription.next();
        rest.ifPresent(message -> apply(message, known));

        assertThat(known).isEqualTo(truth);
        assertThat(some.subscribe(() -> {}).next().orElseThrow().getSha256List())
                .containsExactlyInAnyOrderElementsOf(files);
    }

    private static void apply(ObserveResponse message, Map<String, VmObservation> known) {
        if (message.getComplete()) {
            known.clear();
        }
        message.getVmsList().forEach(vm -> known.put(vm.getUid(), vm));
        message.getRemovedUidsList().forEach(known::remove);
    }
}
