package io.drover.vmm.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PollerTest {
    @Test
    void ringsThatCameTogetherAreOne() throws SystemCallException {
        try (EventFile event = EventFile.create("event")) {
            assertThat(event.take()).isFalse();
            event.ring();
            event.ring();
            assertThat(event.take()).isTrue();
            assertThat(event.take()).isFalse();
        }
    }

    @Test
    void everyFileThatIsReadyIsNamed() throws SystemCallException {
        try (Poller poller = Poller.create();
                EventFile first = EventFile.create("first");
                EventFile second = EventFile.create("second");
                EventFile third = EventFile.create("third")) {
            poller.add(first, 10);
            poller.add(second, -1);
            poller.add(third, 30);
            third.ring();
            second.ring();
            assertThat(poller.await()).isEqualTo(2);
            assertThat(new int[] {poller.source(0), poller.source(1)}).containsExactlyInAnyOrder(-1, 30);
            assertThat(second.take()).isTrue();
            assertThat(poller.await()).isEqualTo(1);
            assertThat(poller.source(0)).isEqualTo(30);
        }
    }

    @Test
    void ringOnAnotherThreadEndsTheWait() throws Exception {
        try (Poller poller = Poller.create(); EventFile event = EventFile.create("event")) {
            poller.add(event, 0);
            Thread ringer = Thread.ofPlatform().start(event::ring);
            assertThat(poller.await()).isEqualTo(1);
            ringer.join();
        }
    }

    @Test
    void ringThatIsWaitedForAsARingNeedsNotBeTaken() throws Exception {
        try (Poller poller = Poller.create();
                EventFile rung = EventFile.create("rung");
                EventFile other = EventFile.create("other")) {
            rung.ring();
            poller.addRings(rung, 1);
            poller.add(other, 2);
            assertThat(poller.await()).as("rung before").isEqualTo(1);
            assertThat(poller.source(0)).isEqualTo(1);

            other.ring();
            assertThat(poller.await()).as("told once").isEqualTo(1);
            assertThat(poller.source(0)).isEqualTo(2);
            other.take();

            rung.ring();
            rung.ring();
            assertThat(poller.await()).as("each time it is rung again").isEqualTo(1);
            assertThat(poller.source(0)).isEqualTo(1);
            assertThat(rung.take()).isTrue();
        }
    }

    @Test
    void closedEventIsNoErrorToThoseWhoRingIt() throws SystemCallException {
        EventFile event = EventFile.create("event");
        event.close();
        event.ring();
        assertThat(event.take()).isFalse();
    }
}
