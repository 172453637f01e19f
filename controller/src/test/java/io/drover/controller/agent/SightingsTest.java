package io.drover.controller.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.controller.record.HostId;
import io.drover.controller.record.RunEnd;
import io.drover.controller.record.VmId;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What hosts have told, however it overtook itself on the way. */
final class SightingsTest {
    private static final HostId H1 = new HostId("h1");
    private static final VmId WEB = new VmId("web-1");
    private final Sightings sightings = new Sightings();

    private static Observation seen(String uid, long epoch, Observation.State state) {
        return new Observation(WEB, uid, epoch, state, "qemu", 0);
    }

    private static Observation running(String uid, long epoch) {
        return seen(uid, epoch, new Observation.State.Running());
    }

    private static Observation ended(String uid, long epoch) {
        return seen(uid, epoch, new Observation.State.Ended(new RunEnd(RunEnd.Cause.KILLED, "", Instant.EPOCH)));
    }

    @Test
    void lateAnswerDoesNotWakeARunThatHasEnded() {
        sightings.put(H1, ended("uid-1", 1));
        assertThat(sightings.put(H1, running("uid-1", 1))).isFalse();
        assertThat(sightings.of(H1, "uid-1")).contains(ended("uid-1", 1));
    }

    @Test
    void olderEpochNeverReplacesANewer() {
        sightings.put(H1, running("uid-1", 2));
        assertThat(sightings.put(H1, ended("uid-1", 1))).isFalse();
        assertThat(sightings.put(H1, running("uid-1", 3))).isTrue();
        assertThat(sightings.of(H1, "uid-1")).contains(running("uid-1", 3));
    }

    @Test
    void completeTellingForgetsWhatItDoesNotName() {
        sightings.put(H1, running("uid-1", 1));
        sightings.put(H1, running("uid-2", 1));
        assertThat(sightings.replace(H1, List.of(running("uid-2", 1)))).containsExactly(WEB);
        assertThat(sightings.of(WEB)).extracting(Sightings.Sighting::observation).containsExactly(running("uid-2", 1));
        sightings.replace(H1, List.of());
        assertThat(sightings.of(WEB)).isEmpty();
    }
}
